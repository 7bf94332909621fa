// Package firestoretest gives tests a Firestore emulator. It shows nothing of
// what production adds: no latency, no quota, no composite indexes, no limit on
// a commit's size, and queries that cost as much as their collection is large.
//
// The emulator starts with the first test that asks for it, once in each test
// binary, and ends with the binary, however that ends: no TestMain is needed.
// Every test gets a project of its own, so that tests run in parallel.
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		client := firestoretest.Client(t) // skips where there is no emulator
//
// The server that FIRESTORE_EMULATOR_HOST names is used, and never stopped. Else
// the emulator's jar is looked for, first under FIRESTORE_EMULATOR_JAR, and run
// with java. Where neither is found tests are skipped, unless
// LONGRUN_REQUIRE_FIRESTORE=1 makes that a failure. Only on Unix is a jar
// started; elsewhere a running server is needed.
package firestoretest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

var need = servertest.Need{ //nolint:gochecknoglobals // what this package gives
	What: "firestoretest: no Firestore emulator", Required: "LONGRUN_REQUIRE_FIRESTORE",
	HowTo: `to get one: install google-cloud-cli-firestore-emulator or run "gcloud components install cloud-firestore-emulator", ` +
		`and Java 17 (21 for newer emulators); or set FIRESTORE_EMULATOR_JAR to its jar; or set FIRESTORE_EMULATOR_HOST to a running server`,
}

// shared is the emulator of this test binary. It is never stopped: it ends with
// the process.
var shared = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // one emulator for all tests of a binary
	if host := os.Getenv("FIRESTORE_EMULATOR_HOST"); host != "" {
		return strings.TrimPrefix(strings.TrimPrefix(host, "http://"), "https://"), nil
	}
	e, err := start()
	if err != nil {
		return "", err
	}
	return e.Host(), nil
})

// Host returns host:port of the emulator that all tests of this binary share.
// It skips the test where there is none.
func Host(tb testing.TB) string {
	tb.Helper()
	host, err := shared()
	need.OrSkip(tb, err)
	return host
}

// Client returns a client of the shared emulator with a project of its own, in
// which there are no documents. It is closed when the test ends.
func Client(tb testing.TB, dial ...grpc.DialOption) *firestore.Client {
	tb.Helper()
	return Connect(tb, Host(tb), Project(), dial...)
}

// Connect returns a client of the emulator at host, which may be a proxy in
// front of one. It is closed when the test ends.
func Connect(tb testing.TB, host, project string, dial ...grpc.DialOption) *firestore.Client {
	tb.Helper()
	dial = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(owner{}),
	}, dial...)
	conn, err := grpc.NewClient("passthrough:///"+host, dial...)
	if err != nil {
		tb.Fatalf("firestoretest: connect to %s: %v", host, err)
	}
	// A connection of our own wins over FIRESTORE_EMULATOR_HOST, whose
	// connection would ignore the dial options.
	client, err := firestore.NewClient(context.Background(), project, option.WithGRPCConn(conn))
	if err != nil {
		tb.Fatalf("firestoretest: client for %s: %v", host, err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

// Project returns the ID of a project that nobody else uses. The emulator keeps
// projects apart, and makes one at its first use.
func Project() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "test-" + hex.EncodeToString(b[:])
}

// owner makes the emulator see an administrator.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }
