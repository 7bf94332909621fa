package verify_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

var errBrokenOff = errors.New("broken off")

const logRoot = "wa_metrics/longrun"

// life is an honest history with its log, written as a leader writes it, by one who
// meets everything that need not be anybody's fault.
type life struct {
	tb    testing.TB
	rng   *rand.Rand
	st    *memstore.Store
	l     *ledger.Ledger
	lease *logtest.Lease
	log   *logbook.Log
	key   ed25519.PrivateKey // nil: unsigned
	keys  []ed25519.PrivateKey

	now     time.Time // that is true
	ahead   time.Duration
	every   time.Duration
	head    evidence.Head
	epoch   int64
	filled  map[time.Time]bool
	waiting []time.Time // slots whose beats wait for the store
	away    time.Time   // until then the store is
	closed  time.Time   // each day before it was closed
	dirty   map[time.Time]bool
	keep    int64 // days of beats; 0 keeps all
	open    *longrun.Incident
	anchors []string
	notes   []string // the lock's note at each midnight, with …
	noteAt  []time.Time
	counts  map[string]int64
	rollups map[string][]longrun.Rollup // each revision
	looked  struct {                    // at what came late: once under each lease and once a day
		epoch int64
		day   time.Time
	}
	known map[any]any // what was read of a life that is over, see all

	restores bool  // backups are made, and restored
	backup   *life // the newest, nil without one
}

func (v *life) sign(n evidence.Note) evidence.Note { return n.Sign(logRoot, v.key) }

// newLife lives through some days. Each of look sees each slot when it is over.
func newLife(tb testing.TB, seed uint64, days int, signed bool, look ...func(*life)) *life {
	tb.Helper()
	return live(tb, seed, days, signed, false, look...)
}

// live is newLife, with backups that are restored, and declared, where that is asked for.
func live(tb testing.TB, seed uint64, days int, signed, restores bool, look ...func(*life)) *life {
	tb.Helper()
	v := &life{
		tb: tb, rng: rand.New(rand.NewPCG(seed, 12)), st: memstore.New(nil), now: day0.Add(5 * time.Hour), every: 15 * time.Minute,
		filled: map[time.Time]bool{}, dirty: map[time.Time]bool{}, counts: map[string]int64{}, rollups: map[string][]longrun.Rollup{},
		restores: restores,
	}
	if signed {
		v.key = testKey(1)
		v.keys = append(v.keys, v.key)
	}
	var err error
	v.l, err = ledger.New(v.st, "")
	require.NoError(tb, err)
	v.lease = &logtest.Lease{Store: v.st}
	v.closed = day0
	if v.rng.IntN(2) == 0 {
		v.keep = 4
	}
	v.takeOver()
	for end := day0.AddDate(0, 0, days).Add(time.Duration(v.rng.IntN(20)) * time.Hour); v.now.Before(end); v.now = v.now.Add(v.every) {
		v.slot()
		for _, l := range look {
			l(v)
		}
	}
	v.ahead, v.away = 0, time.Time{}
	v.write()
	v.closings()
	v.row()
	return v
}

// takeOver is a new instance, which knows what the store says.
func (v *life) takeOver() {
	v.epoch++
	v.counts["take-overs"]++
	v.lease.Grant(v.lease.Note())
	v.log = logbook.New(v.l, v.lease, logbook.Options{By: fmt.Sprintf("i%d", v.epoch), Key: v.key})
	if v.rng.IntN(2) == 0 {
		clear(v.dirty) // what the one before had not done yet
	}
}

func (v *life) commit(ops ...store.Op) {
	v.known = nil
	_, err := v.st.Commit(v.tb.Context(), ops...)
	require.NoError(v.tb, err)
}

// slot is what happens in one slot.
func (v *life) slot() {
	switch v.rng.IntN(400) {
	case 0:
		v.takeOver()
	case 1, 2:
		v.away = v.now.Add(time.Duration(1+v.rng.IntN(66)) * time.Hour) // a backlog, perhaps over several midnights
		v.counts["outages"]++
	case 3:
		v.now = v.now.Add(time.Duration(1+v.rng.IntN(10)) * time.Hour) // nobody is there
	case 4:
		v.ahead = time.Duration(1+v.rng.IntN(72)) * time.Hour
		v.counts["clocks ahead"]++
	case 5:
		v.ahead = -time.Duration(1+v.rng.IntN(5)) * time.Hour
	case 6:
		v.every = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute}[v.rng.IntN(3)]
	case 7, 8, 9, 10, 11:
		v.ahead = 0
	case 12, 13, 14:
		if v.restores && v.backup != nil && v.head.ChainSeq > v.backup.head.ChainSeq {
			v.restore()
		} else if v.restores {
			v.row()
			v.backup = v.fork(v.tb)
		}
	}
	v.waiting = append(v.waiting, v.now.Add(v.ahead))
	if v.now.Before(v.away) {
		return
	}
	v.write()
	if v.rng.IntN(24) == 0 {
		v.probe()
	}
	if v.rng.IntN(60) == 0 {
		v.incident()
	}
	if v.rng.IntN(8) == 0 {
		v.closings()
	}
	if v.rng.IntN(200) == 0 {
		v.anchor()
	}
}

// write commits the beats that wait: the current one first, then the late ones.
func (v *life) write() {
	for i, v0 := range slices.Backward(v.waiting) {
		at := v0.Add(time.Duration(v.rng.IntN(2000)) * time.Millisecond)
		slot := longrun.SlotAt(at, v.every).Start(v.every)
		if v.filled[slot] {
			continue
		}
		v.filled[slot] = true
		h := longrun.Beat(at, v.every)
		h.InstanceID, h.Epoch, h.Healthy, h.Late = fmt.Sprintf("i%d", v.epoch), v.epoch, v.rng.IntN(20) > 0, i < len(v.waiting)-1
		if h.Late {
			v.counts["late beats"]++
			day := longrun.DayOf(at).From
			v.dirty[day.AddDate(0, 0, -1)], v.dirty[day], v.dirty[day.AddDate(0, 0, 1)] = true, true, true
		}
		h, v.head = v.head.Next(h)
		v.commit(v.l.CreateHeartbeat(h))
		v.lease.Beat(v.head, v.sign)
		v.counts["beats"]++
	}
	v.waiting = nil
}

// restore puts the store back to what the backup has, and declares it by all that was
// told outside.
func (v *life) restore() {
	v.anchor()
	b := v.backup
	v.st, v.l, v.lease, v.head, v.closed, v.open = b.st, b.l, b.lease, b.head, b.closed, nil
	v.filled, v.dirty, v.rollups, v.notes, v.noteAt = b.filled, b.dirty, b.rollups, slices.Clone(b.notes), slices.Clone(b.noteAt)
	if b.open != nil {
		open := *b.open
		v.open = &open
	}
	v.waiting, v.ahead, v.away, v.backup = nil, 0, time.Time{}, nil
	v.now = v.now.Add(v.every)
	r, err := verify.Lost(v.tb.Context(), v.l, v.anchors)
	require.NoError(v.tb, err)
	v.log = logbook.New(v.l, v.lease, logbook.Options{By: "longctl", Key: v.key})
	r.TS, r.RestoreID, r.By, r.Why = v.now, evidence.RestoreID(v.now), "longctl", "the disk failed"
	require.NoError(v.tb, v.log.Declare(v.tb.Context(), r))
	v.counts["declared restores"]++
	v.takeOver()
}

func (v *life) probe() {
	p := longrun.Probe{
		ProbeKey: longrun.ProbeID(longrun.Outbound, v.now, longrun.ByHand, longrun.ProbeSchedule{Every: time.Hour, Retry: time.Hour}),
		Type:     longrun.Outbound, TS: v.now, Result: longrun.Pass, LatencyMs: float64(v.rng.IntN(900)), Trigger: longrun.Scheduled,
	}
	if _, err := v.st.Commit(v.tb.Context(), v.l.CreateProbe(p)); err == nil {
		v.dirty[longrun.DayOf(v.now).From] = true
		v.counts["probes"]++
	}
}

func (v *life) incident() {
	if v.open == nil {
		v.open = &longrun.Incident{
			IncidentID: "queue_depth_" + v.now.UTC().Format("20060102T150405"), Rule: "queue_depth", Severity: longrun.Warning, TS: v.now, TSStart: v.now, Noticed: v.now,
		}
	} else {
		end, sec := v.now, v.now.Sub(v.open.TSStart).Seconds()
		v.open.TSEnd, v.open.MTTRSec = &end, &sec
	}
	v.commit(v.l.SetIncident(*v.open))
	v.dirty[longrun.DayOf(v.open.TS).From] = true
	if v.open.TSEnd != nil {
		v.open = nil
		v.counts["incidents"]++
	}
}

// closings closes the days that are over by the leader's clock, and those that are
// dirty, and prunes.
func (v *life) closings() {
	clock := v.now.Add(v.ahead)
	for ; v.closed.AddDate(0, 0, 1).Add(time.Hour).Before(clock); v.closed = v.closed.AddDate(0, 0, 1) {
		v.dirty[v.closed] = true
	}
	if v.ahead > 0 { // what was closed too early is closed again
		v.closed = longrun.DayOf(v.now).From
	}
	if today := longrun.DayOf(clock).From; v.looked.epoch != v.epoch || !v.looked.day.Equal(today) {
		late, err := v.log.Late(v.tb.Context(), clock)
		require.NoError(v.tb, err)
		for _, day := range late {
			v.dirty[day] = true
		}
		v.looked.epoch, v.looked.day = v.epoch, today
	}
	earliest, _, err := v.l.Earliest(v.tb.Context())
	require.NoError(v.tb, err)
	for day := range v.dirty {
		if !day.AddDate(0, 0, 1).Before(clock) || day.Before(longrun.DayOf(earliest).From) {
			continue
		}
		c, err := logtest.Close(v.tb.Context(), v.l, v.log, day, clock, v.every, fmt.Sprintf("i%d", v.epoch))
		require.NoError(v.tb, err)
		delete(v.dirty, day)
		v.counts["closings"]++
		v.revision(c.Rollup)
	}
	v.notes, v.noteAt = append(v.notes, v.lease.Note()), append(v.noteAt, v.now)
	if v.keep > 0 && v.ahead == 0 {
		v.prune()
	}
}

func (v *life) revision(r longrun.Rollup) { v.rollups[r.Date] = append(v.rollups[r.Date], r) }

// prune is retention, which may be broken off anywhere.
func (v *life) prune() {
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = map[string]int64{"heartbeats": v.keep, "probes": 35, "incidents": 8}
	left := v.rng.IntN(6)
	w := logtest.Retention(v.st, v.log, v.now)
	p, err := retention.Prune(v.tb.Context(), v.l, settings, v.now, retention.Writer{
		Logged: w.Logged, Mark: w.Mark,
		Delete: func(ctx context.Context, ops []store.Op) error {
			if left--; left < 0 {
				return errBrokenOff
			}
			v.counts["pruned"] += int64(len(ops))
			return w.Delete(ctx, ops)
		},
	})
	if err != nil {
		require.ErrorIs(v.tb, err, errBrokenOff)
	}
	for _, day := range p.Unsound {
		v.dirty[day] = true
	}
}

// anchor keeps what is told outside: the newest checkpoint and the head.
func (v *life) anchor() {
	b, err := v.l.NewestBatch(v.tb.Context())
	require.NoError(v.tb, err)
	if b.Value.Number > 0 {
		v.anchors = append(v.anchors, "[12:00] bot: "+b.Value.Checkpoint)
	}
	v.anchors = append(v.anchors, "ping "+v.head.String())
}

// row writes the lock's document.
func (v *life) row() {
	v.commit(store.Set(v.l.LockKey(), lock.Row{
		HolderInstanceID: "i", Owner: "nonce", Epoch: v.epoch, LeaseSec: 86400, Seq: 1,
		AcquiredAt: v.now, RenewedAt: v.now, LeaseUntil: v.now.Add(time.Hour), TS: v.now, Note: v.lease.Note(),
	}))
}

// fork is another history that was the same up to now.
func (v *life) fork(tb testing.TB) *life {
	tb.Helper()
	if v.known == nil {
		v.known = map[any]any{}
	}
	f := *v
	f.tb, f.st = tb, v.st.Clone()
	var err error
	f.l, err = ledger.New(f.st, "")
	require.NoError(tb, err)
	f.lease = &logtest.Lease{Store: f.st}
	f.lease.Grant(v.lease.Note())
	f.log = logbook.New(f.l, f.lease, logbook.Options{By: "i", Key: f.key})
	f.filled, f.dirty, f.counts, f.rollups = maps.Clone(v.filled), maps.Clone(v.dirty), maps.Clone(v.counts), maps.Clone(v.rollups)
	return &f
}
