package firestorestore_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// In production the SDK dials, and takes the options as they are.
func TestTheSDKTakesTheOptions(t *testing.T) {
	host := firestoretest.Host(t)
	t.Setenv("FIRESTORE_EMULATOR_HOST", "") // else the SDK would not use them
	project := firestoretest.Project()
	connect := func(addr string, opts []option.ClientOption) *firestore.Client {
		client, err := firestore.NewClient(t.Context(), project, append(opts, option.WithEndpoint("passthrough:///"+addr), option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))...)
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	s := open(t, connect(host, firestorestore.ClientOptions()), &firestorestore.Options{WatchClient: connect(host, firestorestore.WatchClientOptions())})
	changed, err := s.Watch(t.Context(), key("k"))
	require.NoError(t, err)
	write := func() { commit(t, s, store.Set(key("k"), beat{TS: noon, N: time.Now().UnixNano()})) }
	write()
	require.True(t, signalled(t, changed, "a change", write))

	nobody := open(t, connect("127.0.0.1:1", firestorestore.ClientOptions()), &firestorestore.Options{Timeout: 300 * time.Millisecond})
	require.ErrorContains(t, nobody.Ping(t.Context()), "connection refused", "the error tells, which is the options' doing")
}

func TestClientsPingAndWatchersDoNot(t *testing.T) {
	t.Parallel()
	// Firestore answers pings on an idle listener with GOAWAY; a client without
	// them never finds a connection that a router forgot.
	require.Len(t, firestorestore.ClientOptions(), len(firestorestore.WatchClientOptions())+1)
}

func TestEmulatorOptionsWinOverTheEnvironment(t *testing.T) {
	host := firestoretest.Host(t)
	t.Setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
	require.NoError(t, open(t, dial(t, host, firestoretest.Project()), nil).Ping(t.Context()))
}
