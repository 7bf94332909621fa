//go:build peers

package leading

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/embed"
)

const etcdName = "etcd v3.7.3 concurrency"

// serveEtcd starts a server of one node in this process, with its own fsync.
func serveEtcd(tb testing.TB) string {
	tb.Helper()
	c := embed.NewConfig()
	c.Dir, c.LogLevel = tb.TempDir(), "fatal"
	client, peer := url.URL{Scheme: "http", Host: free(tb)}, url.URL{Scheme: "http", Host: free(tb)}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	server, err := embed.StartEtcd(c)
	require.NoError(tb, err)
	tb.Cleanup(server.Close)
	select {
	case <-server.Server.ReadyNotify():
	case <-time.After(time.Minute):
		tb.Fatal("etcd is not ready")
	}
	return client.Host
}

// campaign joins an election in a session, whose lease its client keeps.
func campaign(ctx context.Context, addr, who string) (*concurrency.Session, *concurrency.Election, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}, DialTimeout: 5 * time.Second})
	if err != nil {
		return nil, nil, err
	}
	session, err := concurrency.NewSession(client, concurrency.WithTTL(int(lease/time.Second)))
	if err != nil {
		return nil, nil, err
	}
	election := concurrency.NewElection(session, "/leader")
	return session, election, election.Campaign(ctx, who)
}

func joinEtcd(ctx context.Context, addr, who string) (func() error, error) {
	_, election, err := campaign(ctx, addr, who)
	if err != nil {
		return nil, err
	}
	return func() error { return election.Resign(ctx) }, nil
}
