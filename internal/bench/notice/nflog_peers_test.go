//go:build peers

package notice

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/bench/table"
)

const alertmanager = "Alertmanager v0.35.0 nflog"

// peer is the log, and a receiver.
type peer struct {
	log      *nflog.Log
	receiver *nflogpb.Receiver
}

func open(tb testing.TB, snapshot string) *peer {
	tb.Helper()
	log, err := nflog.New(nflog.Options{Retention: 120 * time.Hour, SnapshotFile: snapshot, Metrics: prometheus.NewRegistry()})
	require.NoError(tb, err)
	return &peer{log, &nflogpb.Receiver{GroupName: "ops", Integration: "telegram"}}
}

// decide is what the stage before the receivers asks: was this group told, of these
// alerts, within the time after which it is repeated?
func (p *peer) decide(tb testing.TB, group string, firing map[uint64]struct{}, now time.Time) bool {
	tb.Helper()
	entries, err := p.log.Query(nflog.QGroupKey(group), nflog.QReceiver(p.receiver))
	if errors.Is(err, nflog.ErrNotFound) {
		return len(firing) > 0
	}
	require.NoError(tb, err)
	e := entries[0]
	return !e.IsFiringSubset(firing) || e.Timestamp.AsTime().Before(now.Add(-throttle))
}

func (p *peer) remember(tb testing.TB, group string, firing []uint64) {
	tb.Helper()
	require.NoError(tb, p.log.Log(p.receiver, group, firing, nil, nil, nil, 2*throttle))
}

// tellAll decides and remembers for each target, as ours does.
func (p *peer) tellAll(tb testing.TB, n int) (took []time.Duration) {
	tb.Helper()
	for i := range n {
		group, from := target(i), time.Now()
		require.True(tb, p.decide(tb, group, map[uint64]struct{}{uint64(i): {}}, from)) //nolint:gosec // a small number
		p.remember(tb, group, []uint64{uint64(i)})                                      //nolint:gosec // a small number
		took = append(took, time.Since(from))
	}
	return took
}

// targets are how many accounts are in trouble, each of its own.
const targets = 1000

// laps are how often all targets are looked at while nothing changes; each lap is one
// time, by its targets.
const laps = 200

func lapsOf(decide func(n int)) (took []time.Duration) {
	for range laps {
		from := time.Now()
		for n := range targets {
			decide(n)
		}
		took = append(took, time.Since(from)/targets)
	}
	return took
}

// forgotten are how many of n are told again by who comes after a kill, which left the
// log no time for a snapshot.
func forgotten(tb testing.TB, n int) int {
	tb.Helper()
	snapshot := filepath.Join(tb.TempDir(), "nflog")
	open(tb, snapshot).tellAll(tb, n)
	next, again := open(tb, snapshot), 0
	for i := range n {
		if next.decide(tb, target(i), map[uint64]struct{}{uint64(i): {}}, time.Now()) { //nolint:gosec // a small number
			again++
		}
	}
	return again
}

func TestRows(t *testing.T) { //nolint:paralleltest // it measures
	table.Asked(t)
	now := begun.Add(time.Minute)
	inMemory := newBoard(t, memstore.New(nil))
	st := file(t)
	onDisk := newBoard(t, st)
	log := open(t, "")

	told := map[string]table.Cell{
		"memory": table.Times(inMemory.tellAll(t, targets, now)),
		"SQLite": table.Times(onDisk.tellAll(t, targets, now)),
		"nflog":  table.Times(log.tellAll(t, targets)),
	}
	quiet := table.Times(lapsOf(func(n int) {
		if _, kind := inMemory.decide(target(n), now.Add(time.Minute)); kind != "" {
			t.Error("it is told again")
		}
	}))
	peers := table.Times(lapsOf(func(n int) {
		if log.decide(t, target(n), map[uint64]struct{}{uint64(n): {}}, time.Now()) { //nolint:gosec // a small number
			t.Error("it is told again")
		}
	}))
	const part = "Whether something is told, and that it was: a thousand targets that fire"
	const durable = "Their log is a map in memory, written to a file every 15 minutes and told to its peers; ours stores the state, the incident and the message itself, " +
		"in one commit under the lease, before anything is sent. That is what the last row is bought with."
	const note = "Decided: whether a target that fires and was told is told again. Theirs is Query and the rule of its deduplicating stage; ours the rule's check, the state's next and Tell."
	count := func(n int) table.Cell { return table.Count(float64(n), "messages", targets) }
	table.Add(
		t,
		table.Row{
			Part: part, What: "decided: nothing to tell", Peer: alertmanager, Ours: quiet, Theirs: peers, Note: note,
			Behind: "It looks into a map; ours also judges the condition and the flapping.",
		},
		table.Row{Part: part, What: "decided and remembered: memory", Peer: alertmanager, Ours: told["memory"], Theirs: told["nflog"], Behind: durable},
		table.Row{Part: part, What: "decided and remembered: SQLite", Peer: alertmanager, Ours: told["SQLite"], Theirs: told["nflog"], Behind: durable},
		table.Row{
			Part: part, What: "told again after a kill within 15 minutes", Peer: alertmanager,
			Ours: count(targets - known(t, st)), Theirs: count(forgotten(t, targets)), Note: "The kill of a single Alertmanager: one of a cluster is told by its peers what they know.",
		},
	)
}

func TestTheLogForgetsWhatItHasNotWrittenYet(t *testing.T) {
	t.Parallel()
	require.Equal(t, 10, forgotten(t, 10))
	p := open(t, "")
	p.tellAll(t, 1)
	require.False(t, p.decide(t, target(0), map[uint64]struct{}{0: {}}, time.Now()))
	require.True(t, p.decide(t, target(0), map[uint64]struct{}{1: {}}, time.Now()))
	require.True(t, p.decide(t, target(0), map[uint64]struct{}{0: {}}, time.Now().Add(2*throttle)))
}
