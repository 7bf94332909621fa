package firestorestore

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-13dc028d/longwatch/store"
)

// maxCommitBytes is Firestore's limit for one request. It is checked here, since
// some of its servers call what is larger a lack of resources, which the SDK
// would try again until time is up.
const maxCommitBytes = 10 << 20

// culpritTimeout bounds the search for the document that caused a conflict. The
// conflict is known without it.
const culpritTimeout = 2 * time.Second

// Commit implements store.Store. It is one RPC, billed as one write or delete
// for each operation.
func (s *Store) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	batch := s.client.Batch() //nolint:staticcheck // the alternative, a transaction, is 3 RPCs and a rollback that ignores the context
	size := 0
	for _, op := range ops {
		n, err := s.add(batch, op)
		if err != nil {
			return nil, err
		}
		size += n
	}
	if size > maxCommitBytes {
		return nil, fmt.Errorf("%w: a commit of about %d bytes, at most %d are allowed", store.ErrInvalid, size, maxCommitBytes)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, op := range ops {
		if _, ok := updateTime(op.If.Version); op.If.Version != "" && !ok {
			return nil, &store.ConflictError{Key: op.Key}
		}
	}
	call, cancel := context.WithTimeout(withTrail(ctx), s.timeout)
	defer cancel()
	results, err := batch.Commit(call)
	if err != nil {
		return nil, s.refused(ctx, ops, failed(call, "commit", err))
	}
	if len(results) != len(ops) {
		return nil, fmt.Errorf("firestorestore: commit: %d results for %d operations", len(results), len(ops))
	}
	stamps := make([]store.Stamp, len(ops))
	for i, op := range ops {
		if op.Value != nil {
			stamps[i] = store.Stamp{Version: version(results[i].UpdateTime), UpdateTime: results[i].UpdateTime}
		}
	}
	return stamps, nil
}

// add puts an operation into the batch and returns how large it is about.
func (s *Store) add(batch *firestore.WriteBatch, op store.Op) (size int, err error) { //nolint:staticcheck // see Commit
	ref := reference(s.client, op.Key)
	at, _ := updateTime(op.If.Version)
	if op.Value == nil {
		if op.If.Version == "" {
			batch.Delete(ref)
		} else {
			batch.Delete(ref, firestore.LastUpdateTime(at))
		}
		return 0, nil
	}
	fields, size, err := encode(op.Value)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", op.Key, err)
	}
	switch {
	case op.If.Absent:
		batch.Create(ref, fields)
	case op.If.Version == "":
		batch.Set(ref, fields)
	case len(fields) == 0:
		return 0, fmt.Errorf("%w: %s: an update without fields", store.ErrInvalid, op.Key)
	default:
		// Only an update takes a version as its condition, and it changes the
		// fields that it lists.
		updates := make([]firestore.Update, 0, len(fields))
		for name, value := range fields {
			updates = append(updates, firestore.Update{FieldPath: firestore.FieldPath{name}, Value: value})
		}
		batch.Update(ref, updates, firestore.LastUpdateTime(at))
	}
	return size, nil
}

// refused turns the SDK's error into the contract's. Firestore says that a
// condition failed and not which.
func (s *Store) refused(ctx context.Context, ops []store.Op, err error) error {
	switch status.Code(err) {
	case codes.AlreadyExists, codes.FailedPrecondition, codes.NotFound:
	default:
		return err
	}
	var conditioned []store.Op
	for _, op := range ops {
		if op.If != (store.Precondition{}) {
			conditioned = append(conditioned, op)
		}
	}
	if len(conditioned) == 0 {
		return err
	}
	key, lookErr := s.culprit(ctx, conditioned)
	switch {
	case lookErr != nil && status.Code(lookErr) == status.Code(err):
		return err // the database itself is missing or in another mode
	case key != (store.Key{}):
		return &store.ConflictError{Key: key}
	}
	return fmt.Errorf("%w: %w", &store.ConflictError{}, err)
}

// culprit reads the documents of ops, once, and returns the first whose
// condition does not hold now; a zero Key when all of them do.
func (s *Store) culprit(ctx context.Context, ops []store.Op) (store.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, min(culpritTimeout, s.timeout))
	defer cancel()
	refs := make([]*firestore.DocumentRef, len(ops))
	for i, op := range ops {
		refs[i] = reference(s.client, op.Key)
	}
	snaps, err := s.client.GetAll(ctx, refs)
	if err != nil {
		return store.Key{}, err
	}
	for i, op := range ops {
		if op.If.Absent == snaps[i].Exists() || op.If.Version != "" && op.If.Version != version(snaps[i].UpdateTime) {
			return op.Key, nil
		}
	}
	return store.Key{}, nil
}
