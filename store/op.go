package store

import "fmt"

// Op is one operation of a Commit, made by Set, Create, Update, Delete or
// DeleteVersion.
type Op struct {
	Key Key
	// Value is the document to write; nil deletes.
	Value any
	// If is the condition under which the whole Commit is applied.
	If Precondition
}

// Precondition is what must be true of a document for a Commit to be applied.
// The zero value asks nothing.
type Precondition struct {
	// Absent asks that the document does not exist.
	Absent bool
	// Version, when not empty, asks that the document exists at this version.
	Version string
}

// Set writes a document, whatever was there before.
func Set(key Key, value any) Op { return Op{Key: key, Value: value} }

// Create writes a document that must not exist yet.
func Create(key Key, value any) Op {
	return Op{Key: key, Value: value, If: Precondition{Absent: true}}
}

// Update replaces a document that must still be at version. On Firestore,
// top-level fields that value does not have survive.
func Update(key Key, value any, version string) Op {
	return Op{Key: key, Value: value, If: Precondition{Version: version}}
}

// Delete removes a document; a missing one is no error.
func Delete(key Key) Op { return Op{Key: key} }

// DeleteVersion removes a document that must still be at version.
func DeleteVersion(key Key, version string) Op {
	return Op{Key: key, If: Precondition{Version: version}}
}

// ValidateOps reports what is wrong with the operations of one Commit, wrapping
// ErrInvalid; it is for implementations of Store.
func ValidateOps(ops []Op) error {
	switch {
	case len(ops) == 0:
		return fmt.Errorf("%w: a commit without operations", ErrInvalid)
	case len(ops) > MaxOps:
		return fmt.Errorf("%w: a commit of %d operations, at most %d are allowed", ErrInvalid, len(ops), MaxOps)
	}
	seen := make(map[Key]struct{}, len(ops))
	for _, op := range ops {
		if err := op.Key.Validate(); err != nil {
			return err
		}
		if _, twice := seen[op.Key]; twice {
			return fmt.Errorf("%w: %s occurs twice in one commit", ErrInvalid, op.Key)
		}
		seen[op.Key] = struct{}{}
		switch {
		case op.If.Absent && op.If.Version != "":
			return fmt.Errorf("%w: %s must be both absent and at a version", ErrInvalid, op.Key)
		case op.If.Absent && op.Value == nil:
			return fmt.Errorf("%w: %s cannot be deleted while it must be absent", ErrInvalid, op.Key)
		}
	}
	return nil
}
