package main

import (
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
)

// pair is a primary and its standby, which is asynchronous and reached through a
// proxy; and the address of both, by which whoever takes writes is found.
func pair(t *testing.T) (primary, replica *postgrestest.Server, between *faultnet.Proxy, address string) {
	t.Helper()
	primary = postgrestest.Start(t)
	between = faultnet.New(t, primary.Host())
	replica = primary.Replica(t, between.Addr())
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", "s3cr3t"), Host: primary.Host() + "," + replica.Host(), Path: "postgres",
		RawQuery: "sslmode=disable&target_session_attrs=read-write",
	}
	return primary, replica, between, u.String()
}

// The primary dies, and with it what it had acknowledged and the replica not yet had.
// The servers find the replica once it takes writes, go on from what it has, and say
// that the rest is gone; no record pretends that it was not.
func TestServersGoOnOnAReplicaThatIsPromotedAndSayWhatItLacks(t *testing.T) {
	seedtest.Long(t)
	t.Parallel()
	primary, replica, between, address := pair(t)
	one := launch(t, "one", "LONGRUN_STORE="+address)
	one.says("leading epoch=1")
	b := openBook(t, openPostgres(t, address))
	b.await("one", 2)
	two := launch(t, "two", "LONGRUN_STORE="+address)
	two.says("standing by holder=one")
	between.Blackhole()
	kept := len(b.beats())
	b.await("one", kept+3)
	had := b.beats()
	rec, err := b.Record(t.Context(), b.LockKey())
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(t, err)
	proof := row.Proof
	primary.Stop()
	one.says("store unreachable")
	require.Eventually(t, func() bool { return one.ready() == http.StatusServiceUnavailable }, patience, 50*time.Millisecond)
	replica.Promote(t)
	one.says("the store has lost beats that it had acknowledged")
	b.awaitWithin(recovery, "", len(had)+1)
	// It has a session of the new server, whose end is told as that of the old one was.
	require.Eventually(t, func() bool {
		rec, err := b.Record(t.Context(), b.LockKey())
		require.NoError(t, err)
		row, err := lock.ReadRow(rec)
		require.NoError(t, err)
		return row.Proof != "" && row.Proof != proof
	}, patience, 50*time.Millisecond)
	one.signal(syscall.SIGKILL)
	two.says("after=died")
	b.await("two", 1)
	two.signal(syscall.SIGTERM)
	require.Zero(t, two.ended())
	require.NotContains(t, one.said()+two.said(), "s3cr3t")
	b.requireFenced() // the chain goes on from what is left of it
	c := b.coverage()
	require.NotEmpty(t, c.Gaps, "what was lost is missed")
	require.Equal(t, c.Expected-c.Written, c.Missed)
}

// A promotion that takes back a grant leaves nobody who has seen it: an epoch that was
// given out would be given out again. Servers say so and stand aside; one that is
// started again has seen nothing, and leads.
func TestAPromotionThatTakesBackAGrantIsForSomebodyToSettle(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	primary, replica, between, address := pair(t)
	one := launch(t, "one", "LONGRUN_STORE="+address)
	one.says("leading epoch=1")
	b := openBook(t, openPostgres(t, address))
	b.await("one", 2)
	two := launch(t, "two", "LONGRUN_STORE="+address)
	two.says("standing by holder=one")
	between.Blackhole()
	one.signal(syscall.SIGTERM)
	require.Zero(t, one.ended())
	two.says("leading epoch=2")
	b.await("two", 2)
	primary.Stop()
	two.says("store unreachable")
	replica.Promote(t)
	two.says("epoch 1, after 2 was seen")
	two.signal(syscall.SIGTERM)
	require.Zero(t, two.ended())
	again := launch(t, "again", "LONGRUN_STORE="+address)
	again.says("leading epoch=2")
	b.await("again", 2)
	again.signal(syscall.SIGTERM)
	require.Zero(t, again.ended())
	b.requireFenced()
	require.NotContains(t, two.said()+again.said(), "s3cr3t")
}
