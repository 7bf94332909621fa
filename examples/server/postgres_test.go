package main

import (
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// postgresAddress is a server's address with a schema of the test's own, and where
// none is needed a password that nobody must see.
func postgresAddress(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	if _, has := u.User.Password(); !has {
		u.User = url.UserPassword(u.User.Username(), "s3cr3t")
	}
	q := u.Query()
	q.Set("schema", postgrestest.Schema(t))
	u.RawQuery = q.Encode()
	return u.String()
}

func openPostgres(t *testing.T, address string) store.Store {
	t.Helper()
	st, end, err := stores.Open(t.Context(), address, "")
	require.NoError(t, err)
	t.Cleanup(end)
	return st
}

// Three servers go on through a crash of the database, on their own: no slot is
// lost, and none is written twice or by two.
func TestServersOutliveARestartOfPostgres(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	address := postgresAddress(t, postgres.DSN())
	b := openBook(t, openPostgres(t, address))
	one, two, three := b.threeOn(address)
	for range 2 {
		postgres.Stop()
		one.says("store unreachable")
		before := strings.Count(one.said(), "store reachable again")
		postgres.Restart(t)
		b.awaitWithin(recovery, "", len(b.beats())+3)
		require.LessOrEqual(t, before, strings.Count(one.said(), "store reachable again"))
	}
	b.requireWhole(three, two, one)
}

// requireWhole ends servers, and holds them to what they promise: no slot is lost, and
// none is written twice or by two; and nothing is said that should not be.
func (b book) requireWhole(servers ...*process) {
	b.t.Helper()
	for _, p := range servers {
		p.signal(syscall.SIGTERM)
		require.Zero(b.t, p.ended())
		require.NotContains(b.t, p.said(), "panic")
		require.NotContains(b.t, p.said(), "s3cr3t")
		require.NotContains(b.t, p.said(), "level=ERROR")
	}
	c := b.coverage()
	require.Empty(b.t, c.Gaps)
	require.Equal(b.t, c.Expected, c.Written)
	b.requireFenced()
	for _, r := range b.runs() {
		require.Equal(b.t, longrun.Stopped, r.Ended, r.InstanceID)
	}
}

// A pooler that hangs with all connections open, and one that is started again, are an
// outage of the store as any other is.
func TestServersOutliveAPoolerThatFreezesAndOneThatIsStartedAgain(t *testing.T) {
	seedtest.Long(t)
	t.Parallel()
	direct := postgresAddress(t, postgrestest.DSN(t))
	pooler := postgrestest.StartPooler(t, postgrestest.DSN(t))
	schema := direct[strings.Index(direct, "schema="):]
	address := pooler.DSN() + "&" + strings.Split(schema, "&")[0]
	b := openBook(t, openPostgres(t, direct))
	one, two, three := b.threeOn(address)
	for _, strike := range []struct{ begin, end func() }{
		{pooler.Freeze, pooler.Thaw},
		{pooler.Stop, func() { pooler.Start(t) }},
	} {
		before := strings.Count(one.said(), "store unreachable")
		strike.begin()
		require.Eventually(t, func() bool {
			return strings.Count(one.said(), "store unreachable") > before && one.ready() == http.StatusServiceUnavailable
		}, patience, 50*time.Millisecond)
		strike.end()
		b.awaitWithin(recovery, "", len(b.beats())+3)
		require.Eventually(t, func() bool { return one.ready() == http.StatusOK }, patience, 50*time.Millisecond)
	}
	require.NotContains(t, one.said()+two.said()+three.said(), "no proof of death", "where there can be none it is not missed")
	b.requireWhole(three, two, one)
}

// ready is how /readyz answers; 0 where it does not.
func (p *process) ready() int {
	response, err := http.Get("http://" + p.addr + "/readyz")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// threeOn starts a leader and two that stand by.
func (b book) threeOn(address string) (leader, next, other *process) {
	b.t.Helper()
	leader = launch(b.t, "one", "LONGRUN_STORE="+address)
	b.await("one", 2)
	next, other = launch(b.t, "two", "LONGRUN_STORE="+address), launch(b.t, "three", "LONGRUN_STORE="+address)
	next.says("standing by holder=one")
	other.says("standing by holder=one")
	return leader, next, other
}

// Whoever is started with its database, and sooner, waits for it and then makes its
// table.
func TestAServerMayStartBeforeItsPostgres(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	address := postgresAddress(t, postgres.DSN())
	postgres.Stop()
	p := launch(t, "one", "LONGRUN_STORE="+address)
	p.says("store unreachable")
	postgres.Restart(t)
	openBook(t, openPostgres(t, address)).await("one", 2)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.ended())
	require.NotContains(t, p.said(), "s3cr3t")
}

func TestWhatAPostgresRefusesAtTheStartEndsIt(t *testing.T) {
	t.Parallel()
	address := strings.Replace(postgresAddress(t, postgrestest.DSN(t)), "/postgres?", "/nosuchdatabase?", 1)
	code, out := start1(t, map[string]string{"LONGRUN_STORE": address, "LONGRUN_ADDR": "127.0.0.1:0"})
	require.Zero(t, code, "a start that is over at once looks at nothing: %s", out)
	_, _, err := stores.Open(t.Context(), address, "")
	require.ErrorContains(t, err, "nosuchdatabase")
	require.NotContains(t, err.Error(), "s3cr3t")
}
