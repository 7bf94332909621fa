package whatsappprobe_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// follow runs accounts over one silent client for so long, and returns what is known
// in the end.
func follow(t *testing.T, path string, d time.Duration, does func(*silent)) (longrun.AccountStatus, string) {
	t.Helper()
	var out bytesLog
	cli := &silent{}
	a := whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{Memory: path, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	require.NoError(t, a.Add("support", cli))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	does(cli)
	time.Sleep(d)
	status, err := a.Status(t.Context())
	require.NoError(t, err)
	cancel()
	<-ended
	return status.Accounts[0], out.String()
}

func TestARestartForgetsNeitherThePhoneNorARestriction(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	synctest.Test(t, func(t *testing.T) {
		var until time.Time
		first, log := follow(t, path, time.Hour, func(cli *silent) {
			cli.handler(&events.Connected{})
			until = time.Now().Add(72 * time.Hour)
			lock := &events.NotifyAccountReachoutTimelock{IsActive: true, EnforcementType: "DEFAULT"}
			lock.TimeEnforcementEnds.Time = until
			cli.handler(lock)
		})
		require.Empty(t, log)
		time.Sleep(48 * time.Hour)
		second, log := follow(t, path, time.Minute, func(*silent) {})
		require.Empty(t, log)
		require.WithinDuration(t, first.PhoneSeen, second.PhoneSeen, 0)
		require.WithinDuration(t, first.Restricted.From, second.Restricted.From, 0)
		require.WithinDuration(t, until, second.Restricted.Until, time.Second)
		require.Equal(t, "DEFAULT", second.Restricted.Reason)
	})
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), ours)
}

func TestAMemoryThatIsBrokenIsPutAside(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(path string) error{
		"no JSON":     func(path string) error { return os.WriteFile(path, []byte("{"), 0o600) },
		"a list":      func(path string) error { return os.WriteFile(path, []byte("[1]"), 0o600) },
		"null":        func(path string) error { return os.WriteFile(path, []byte("null"), 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"no place":    func(path string) error { return os.Remove(filepath.Dir(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sub", "accounts.json")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			require.NoError(t, make(path))
			synctest.Test(t, func(t *testing.T) {
				got, log := follow(t, path, 10*time.Minute, func(cli *silent) { cli.handler(&events.Connected{}) })
				require.Equal(t, "connected", got.State)
				require.Contains(t, log, "of the accounts cannot be")
				require.LessOrEqual(t, len(log), 1000, "it is said once")
			})
			if name == "no JSON" || name == "a list" || name == "null" {
				require.FileExists(t, path+".broken")
				require.FileExists(t, path)
			}
		})
	}
}

// A file whose times lie ahead was written by a clock that was wrong.
func TestAMemoryOfTheFutureIsNotBelieved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"support":{"phoneSeen":"2126-01-01T00:00:00Z","restricted":{"from":"2126-01-01T00:00:00Z"},"banned":{"from":"2126-01-01T00:00:00Z"}}}`), 0o600))
	synctest.Test(t, func(t *testing.T) {
		got, _ := follow(t, path, time.Second, func(*silent) {})
		require.False(t, got.PhoneSeen.After(time.Now()))
		require.Zero(t, got.Restricted)
		require.Zero(t, got.Banned)
	})
}

// One process has the account, and another waits for its turn, for weeks.
func TestWhoTakesAnAccountOverKnowsWhatTheOtherSaw(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		follows := func() (*whatsappprobe.Accounts, *silent) {
			cli := &silent{}
			a := whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{Memory: path})
			require.NoError(t, a.Add("support", cli))
			ended.Go(func() { a.Run(ctx) })
			return a, cli
		}
		_, leader := follows()
		leader.handler(&events.Connected{})
		waits, next := follows()
		own := jid(ours)
		for range 3 {
			time.Sleep(24 * time.Hour)
			leader.handler(&events.Receipt{MessageSource: types.MessageSource{IsFromMe: true, Sender: own}})
			time.Sleep(time.Hour)
		}
		lock := &events.NotifyAccountReachoutTimelock{IsActive: true}
		leader.handler(lock)
		time.Sleep(3 * time.Minute)
		leader.handler(&events.StreamReplaced{})
		next.handler(&events.Connected{})
		got := waits.List()[0]
		require.Less(t, time.Since(got.PhoneSeen), 3*time.Hour)
		require.False(t, got.Restricted.From.IsZero())
		time.Sleep(3 * time.Minute)
		cancel()
		ended.Wait()
	})
}

// What one process has just heard, another that writes the file in the same minute, and
// knows nothing of it, does not take back.
func TestWhatWasJustHeardIsNotTakenBackByAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.json")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		follows := func(ids ...string) (*whatsappprobe.Accounts, *silent) {
			cli := &silent{}
			a := whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{Memory: path})
			for i, id := range ids {
				if i > 0 {
					require.NoError(t, a.Add(id, &silent{}))
				} else {
					require.NoError(t, a.Add(id, cli))
				}
			}
			ended.Go(func() { a.Run(ctx) })
			return a, cli
		}
		leads, leader := follows("support")
		leader.handler(&events.Connected{})
		time.Sleep(2*time.Hour + 30*time.Second)
		waits, _ := follows("support", "sales") // it writes what is new to it
		time.Sleep(50 * time.Second)
		leader.handler(&events.MediaRetry{})
		leader.handler(&events.TemporaryBan{Code: events.TempBanSentTooManySameMessage, Expire: 24 * time.Hour})
		banned, seen := time.Now(), leads.List()[0].PhoneSeen
		for range 5 {
			time.Sleep(time.Minute)
			require.Equal(t, banned, leads.List()[0].Banned.From, "after %v", time.Since(banned))
			require.Equal(t, seen, leads.List()[0].PhoneSeen)
		}
		require.WithinDuration(t, banned, waits.List()[0].Banned.From, 0, "and the other hears of it")
		leader.handler(&events.Connected{}) // when it is over
		time.Sleep(5 * time.Minute)
		require.Zero(t, leads.List()[0].Banned)
		require.Zero(t, waits.List()[0].Banned)
		cancel()
		ended.Wait()
	})
}
