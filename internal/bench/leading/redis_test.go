package leading

import (
	"context"
	"errors"
	"math"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const redsyncName = "redsync v4.18.1"

func redisPeers() []system { return []system{{redsyncName, serveRedis, joinRedsync}} }

// serveRedis starts a redis-server of its own, which keeps nothing on the disk.
func serveRedis(tb testing.TB) string {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Skip("no redis-server on this machine")
	}
	_, port, err := net.SplitHostPort(free(tb))
	require.NoError(tb, err)
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", tb.TempDir()) //nolint:gosec // a program of this test
	require.NoError(tb, server.Start())
	tb.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	addr := net.JoinHostPort("127.0.0.1", port)
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	require.Eventually(tb, func() bool { return client.Ping(context.Background()).Err() == nil }, 10*time.Second, 20*time.Millisecond)
	return addr
}

// free is an address that nobody listens on.
func free(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	return l.Addr().String()
}

// joinRedsync asks every 50 to 250 ms, redsync's default, until it has the lock, and
// extends it after each third of its time, since redsync does not do so itself.
func joinRedsync(ctx context.Context, addr, _ string) (func() error, error) {
	pool := goredis.NewPool(redis.NewClient(&redis.Options{Addr: addr}))
	m := redsync.New(pool).NewMutex("leader", redsync.WithExpiry(lease), redsync.WithTries(math.MaxInt32))
	if err := m.LockContext(ctx); err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(lease / 3):
				_, _ = m.ExtendContext(ctx)
			}
		}
	}()
	return func() error {
		close(stop)
		<-done
		if ok, err := m.UnlockContext(ctx); !ok {
			return errors.Join(errors.New("it was not locked"), err)
		}
		return nil
	}, nil
}
