//go:build unix

package postgresstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

// processEnv makes the test binary one of the competing processes: it holds the
// server's address, the schema, and the name of the process.
const processEnv = "POSTGRESSTORE_TEST_PROCESS"

func TestMain(m *testing.M) {
	if env := os.Getenv(processEnv); env != "" {
		if err := compete(strings.Split(env, "\n")); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// lockKey is of the lock that processes compete for. Their lease is an hour: whoever
// leads in it was told of a death.
var lockKey = store.Key{Collection: "locks", ID: "leader"}

// compete leads when it can, writes until it is killed, and says so on standard output.
func compete(args []string) error {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(args[0])
	if err != nil {
		return err
	}
	config.ConnConfig.RuntimeParams["application_name"] = args[1] + "." + args[2]
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	st, err := postgresstore.New(pool, &postgresstore.Options{Schema: args[1]})
	if err != nil {
		return err
	}
	l, err := lock.New(st, lockKey, &lock.Options{Lease: time.Hour, InstanceID: args[2]})
	if err != nil {
		return err
	}
	if err := pool.Ping(ctx); err != nil {
		return err
	}
	fmt.Println("ready")
	for {
		err := lock.Run(ctx, l, func(ctx context.Context, held *lock.Lease) error {
			_, how := held.Previous()
			fmt.Println("leading", how)
			for n := 1; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", held.Token().Epoch, n)
				if err := held.Commit(ctx, store.Create(store.Key{Collection: "written", ID: id}, tally{int64(n)})); err != nil {
					return err
				}
				fmt.Println("wrote", id)
				<-time.After(5 * time.Millisecond)
			}
			return nil
		})
		fmt.Println("lost", err)
	}
}

// process is one of them, as its parent sees it.
type process struct {
	tb    testing.TB
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func start(tb testing.TB, dsn, schema, name string) *process {
	tb.Helper()
	exe, err := os.Executable()
	require.NoError(tb, err)
	p := &process{tb: tb, cmd: exec.Command(exe)}
	p.cmd.Env = append(os.Environ(), processEnv+"="+strings.Join([]string{dsn, schema, name}, "\n"))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	require.NoError(tb, err)
	p.lines = bufio.NewScanner(out)
	require.NoError(tb, p.cmd.Start())
	tb.Cleanup(p.kill)
	return p
}

// until reads what a process says to a line that begins with a word, and returns the
// rest of that.
func (p *process) until(word string) string {
	p.tb.Helper()
	for p.lines.Scan() {
		first, rest, _ := strings.Cut(p.lines.Text(), " ")
		if first == word {
			return rest
		}
	}
	p.tb.Fatalf("the process ended and did not say %q", word)
	return ""
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends a process as nothing in it can prevent, and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

func TestAStandbyLeadsAtOnceWhenTheHoldersProcessIsGone(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	openAt(t, dsn, schema)
	holder := start(t, dsn, schema, "0")
	require.Equal(t, string(lock.First), holder.until("leading"))
	for n := range seedtest.Histories(3) {
		next := start(t, dsn, schema, fmt.Sprint(n+1))
		next.until("ready")
		holder.until("wrote")
		holder.kill()
		require.Equal(t, string(lock.Died), next.until("leading"))
		holder = next
	}
	holder.kill()
	again := start(t, dsn, schema, "again")
	require.Equal(t, string(lock.Died), again.until("leading"), "it does not wait for a lease that was its own")
}

// A holder that lives and whose connection is cut is overthrown, or leads on under a
// new sign: what it has written stands either way, and nothing is written beside.
func TestAHolderWhoseConnectionIsCutIsNeverOneOfTwo(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema)
	one, two := start(t, dsn, schema, "one"), start(t, dsn, schema, "two")
	one.until("ready")
	two.until("ready")
	row := func() lock.Row {
		rec, err := st.Get(t.Context(), lockKey)
		if err != nil {
			return lock.Row{}
		}
		row, err := lock.ReadRow(rec)
		require.NoError(t, err)
		return row
	}
	kept := 0
	rounds := seedtest.Histories(3)
	for range rounds {
		require.Eventually(t, func() bool { return row().Proof != "" }, time.Minute, time.Millisecond)
		before := row()
		postgrestest.Exec(t, dsn, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
			AND ((classid::bigint << 32) | objid::bigint)::text = '`+before.Proof[strings.LastIndex(before.Proof, " ")+1:]+`'`)
		require.Eventually(t, func() bool { return row().Proof != before.Proof }, time.Minute, time.Millisecond)
		if row().Owner != before.Owner {
			break // its proof lied, and so it leaves none any more: nor may the next one be cut
		}
		kept++
	}
	t.Logf("a holder led on through %d of %d cuts", kept, rounds)
	one.kill()
	two.kill()
	var last int64
	for rec, err := range st.Scan(t.Context(), store.Query{Collection: "written"}) {
		require.NoError(t, err)
		var epoch, n int64
		_, err = fmt.Sscanf(rec.Key.ID, "%d-%d", &epoch, &n)
		require.NoError(t, err)
		require.GreaterOrEqual(t, epoch, last)
		last = epoch
	}
}

// BenchmarkTakeOver kills holders with a standby beside them, and starts one again
// that was killed alone. Run it with -benchtime=50x. Target: p50 50 ms, both.
func BenchmarkTakeOver(b *testing.B) {
	report := func(b *testing.B, took []time.Duration) {
		if len(took) == 0 {
			return
		}
		b.ReportMetric(float64(percentile(took, 50).Microseconds())/1000, "ms-p50")
		b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "ms-p99")
		b.ReportMetric(float64(slices.Max(took).Microseconds())/1000, "ms-max")
	}
	b.Run("standby", func(b *testing.B) {
		dsn, schema := postgrestest.DSN(b), postgrestest.Schema(b)
		openAt(b, dsn, schema)
		holder := start(b, dsn, schema, "0")
		holder.until("leading")
		var took []time.Duration
		for n := 0; b.Loop(); n++ {
			next := start(b, dsn, schema, fmt.Sprint(n+1))
			next.until("ready")
			holder.until("wrote")
			<-time.After(200 * time.Millisecond) // until it stands by
			killed := time.Now()
			holder.signal(syscall.SIGKILL)
			require.Equal(b, string(lock.Died), next.until("leading"))
			took = append(took, time.Since(killed))
			holder.kill()
			holder = next
		}
		report(b, took)
	})
	b.Run("alone", func(b *testing.B) {
		dsn, schema := postgrestest.DSN(b), postgrestest.Schema(b)
		openAt(b, dsn, schema)
		var took, up []time.Duration
		for n := 0; b.Loop(); n++ {
			began := time.Now()
			only := start(b, dsn, schema, "only")
			only.until("ready") // it runs, and has one connection: any program's part
			up = append(up, time.Since(began))
			began = time.Now()
			how := only.until("leading")
			if n > 0 {
				took = append(took, time.Since(began))
				require.Equal(b, string(lock.Died), how)
			}
			only.until("wrote")
			only.kill()
		}
		report(b, took)
		b.ReportMetric(float64(percentile(up, 50).Microseconds())/1000, "ms-p50-start")
	})
}

// A server that is started again has forgotten all sessions, and whoever leads leaves a
// sign of the new one.
func TestAHolderLeavesANewSignAfterARestartOfTheServer(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	st := openAt(t, postgres.DSN(), "longwatch")
	l, err := lock.New(st, lockKey, &lock.Options{Lease: time.Minute, Poll: 100 * time.Millisecond})
	require.NoError(t, err)
	held, err := l.Acquire(t.Context())
	require.NoError(t, err)
	before := l.View().Row.Proof
	require.NotEmpty(t, before)
	postgres.Restart(t)
	require.Eventually(t, func() bool {
		now := l.View().Row.Proof
		return now != "" && now != before
	}, time.Minute, 10*time.Millisecond)
	requireAlive(t, openAt(t, postgres.DSN(), "longwatch"), l.View().Row.Owner, l.View().Row.Proof)
	require.NoError(t, held.Release(t.Context()))
}
