package firestorestore_test

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// Example opens a Store as a program does. Nothing is sent before Ping.
func Example() {
	ctx := context.Background()
	open := func(project string) (*firestorestore.Store, error) {
		client, err := firestore.NewClient(ctx, project, firestorestore.ClientOptions()...)
		if err != nil {
			return nil, err
		}
		watch, err := firestore.NewClient(ctx, project, firestorestore.WatchClientOptions()...)
		if err != nil {
			return nil, err
		}
		return firestorestore.New(client, &firestorestore.Options{WatchClient: watch})
	}
	_ = open // needs credentials
}

func ExampleNew() {
	ctx := context.Background()
	opts, err := firestorestore.EmulatorOptions("127.0.0.1:8080")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := firestore.NewClient(ctx, "my-project", opts...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close() // opened by us, closed by us

	st, err := firestorestore.New(client, &firestorestore.Options{Timeout: 5 * time.Second})
	fmt.Println(st != nil, err)
	// Output: true <nil>
}

func ExampleNew_mistakes() {
	_, err := firestorestore.New(nil, &firestorestore.Options{Timeout: -time.Second})
	fmt.Println(err)
	// Output:
	// firestorestore: client is nil
	// firestorestore: Timeout -1s is negative
}

func ExampleStore_Commit() {
	// A fenced heartbeat: one call, two writes, no read. A stale version of the
	// lock refuses both.
	beat := func(ctx context.Context, st *firestorestore.Store, lock any, version string, id string, heartbeat any) (string, error) {
		stamps, err := st.Commit(ctx,
			store.Update(store.Key{Collection: "wa_metrics/longrun/locks", ID: "heartbeat-scheduler"}, lock, version),
			store.Create(store.Key{Collection: "wa_metrics/longrun/heartbeats", ID: id}, heartbeat))
		if err != nil {
			return "", err // *store.ConflictError, store.ErrInvalid, or open: read back
		}
		return stamps[0].Version, nil
	}
	_ = beat
}
