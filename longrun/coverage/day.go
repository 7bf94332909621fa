package coverage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Day makes the Rollup of one UTC day from its documents, in one pass and in any
// order. It gives exactly what Of gives for the day. A Day is for one
// goroutine.
type Day struct {
	window longrun.Window // what counts of the day
	now    time.Time
	digest *Merge
	// The earliest and the latest beat of the first and of the last filled slot.
	first, last dayEdge
}

// dayEdge is the outermost filled slot on one side of the day.
type dayEdge struct {
	slot             longrun.Slot
	earliest, latest *longrun.Heartbeat
}

// NewDay returns the Day that day lies in, without documents, cut to what is not
// before earliest (the zero time cuts nothing). The error says that there is
// nothing to roll up: the day is not over at now, it lies before earliest, or the
// interval is none. Runs explain the gaps, see Cause.
func NewDay(day time.Time, interval time.Duration, earliest, now time.Time, runs ...longrun.Run) (*Day, error) {
	if err := longrun.ValidateInterval(interval); err != nil {
		return nil, fmt.Errorf("longrun: %w", err)
	}
	w := longrun.DayOf(day)
	if now.Before(w.To) {
		return nil, fmt.Errorf("longrun: the day %s is not over at %s", longrun.RollupID(w.From), longrun.ISO(now))
	}
	id := longrun.RollupID(w.From)
	if w = w.Clip(earliest).Align(interval); !w.From.Before(w.To) {
		return nil, fmt.Errorf("longrun: the day %s is before %s, and nothing is known of it", id, longrun.ISO(earliest))
	}
	return &Day{window: w, now: now.UTC().Truncate(time.Microsecond), digest: NewMerge(w, interval, now, runs...)}, nil
}

// Window returns what counts of the day.
func (d *Day) Window() longrun.Window { return d.window }

// Add counts one beat. Those of other days are no part of this one, and the last
// one before it and the first one after it explain the gaps at its ends.
func (d *Day) Add(h longrun.Heartbeat) {
	at := d.digest.take(h)
	if at.first >= at.end {
		return
	}
	d.first.note(at.first, &h, d.first.earliest == nil || at.first < d.first.slot)
	d.last.note(at.end-1, &h, d.last.earliest == nil || at.end-1 > d.last.slot)
}

// note keeps the beat if its slot lies further out, or is the same.
func (e *dayEdge) note(slot longrun.Slot, h *longrun.Heartbeat, further bool) {
	switch {
	case further:
		kept := *h
		*e = dayEdge{slot: slot, earliest: &kept, latest: &kept}
	case slot != e.slot:
	default:
		w, first, last := newWitness(h), newWitness(e.earliest), newWitness(e.latest)
		kept := *h
		if w.compare(&first) < 0 {
			e.earliest = &kept
		}
		if w.compare(&last) > 0 {
			e.latest = &kept
		}
	}
}

// AddProbe counts a probe that started in the day; others are ignored.
func (d *Day) AddProbe(p longrun.Probe) { d.digest.AddProbe(p) }

// AddIncident counts an incident that began in the day; others are ignored.
func (d *Day) AddIncident(i longrun.Incident) {
	if d.window.Contains(i.TS) {
		d.digest.AddIncident(i)
	}
}

// AddUndecodable notes documents of the day that do not decode.
func (d *Day) AddUndecodable(n int) { d.digest.AddUndecodable(n) }

// Rollup returns the rollup of what was added: the same documents give the same
// rollup, as long as now lies behind the slot after the day. Its Revision is 1; see
// Revise.
func (d *Day) Rollup() longrun.Rollup {
	s := d.digest.Summary()
	c := s.Coverage
	filled, healthy, unknown := d.digest.Bitmaps()
	unhealthy := NewBitmap(filled.Len())
	unhealthy.or(filled, 0)
	unhealthy.andNot(healthy, 0)
	r := longrun.Rollup{
		TS: longrun.DayOf(d.window.From).From, Date: longrun.RollupID(d.window.From),
		ExpectedHb: int64(c.Expected), WrittenHb: int64(c.Written), MissedHb: int64(c.Missed),
		UptimePct: 100 * c.Ratio(), NumericCoverage: c.Ratio(),
		InsufficientData: c.Ratio() < insufficientData, ProbePassRates: passRates(s.Probes),
		IncidentsCount: int64(len(s.Incidents)),
		From:           c.From, To: c.To, IntervalSec: c.IntervalSec,
		Slots: filled.String(), Unhealthy: unhealthy.String(),
		HealthyHb: int64(c.Healthy), UnknownHb: int64(c.Unknown), DuplicateHb: int64(c.Duplicates), LateHb: s.Late,
		Drift: c.Drift, DriftMs: d.digest.tally.drifts.String(),
		Undecodable: s.Undecodable,
		Gaps:        c.Gaps, Edges: d.edges(), Instances: s.Instances, Probes: s.Probes, Incidents: s.Incidents,
		Lengths:  d.lengths(),
		Settled:  c.Missed == 0 || filled.Has(filled.Len()-1) || d.digest.tally.later != nil,
		PrunedAt: map[string]time.Time{}, Replaced: map[string]any{},
		ComputedAt: d.now, Revision: 1,
	}
	if unknown != nil {
		r.Unknown = unknown.String()
	}
	r.MTTRP50, r.MTTRP90, r.MTTRP95 = repairTimes(s.Incidents)
	if last := d.last.latest; last != nil {
		r.CommitHash, r.InstanceID = last.CommitHash, last.InstanceID
	}
	boundLists(&r)
	return r
}

// lengths are those of the beats' own slots, shortest first, where there is another
// than the day's.
func (d *Day) lengths() []longrun.SlotLength {
	t := d.digest.tally
	lengths := make([]longrun.SlotLength, 0, 1+len(t.others))
	own := longrun.SlotLength{IntervalSec: t.sec, Beats: int64(t.drifts.beats), Duplicates: int64(t.extra)}
	for length, o := range t.others {
		if o.beats == 0 {
			continue
		}
		lengths = append(lengths, longrun.SlotLength{IntervalSec: int64(length / time.Second), Beats: int64(o.beats), Duplicates: int64(o.extra)})
		own.Beats -= int64(o.beats)
		own.Duplicates -= int64(o.extra)
	}
	if own.Beats > 0 && len(lengths) > 0 {
		lengths = append(lengths, own)
	}
	slices.SortFunc(lengths, func(a, b longrun.SlotLength) int { return cmp.Compare(a.IntervalSec, b.IntervalSec) })
	return lengths
}

// insufficientData is the original's threshold.
const insufficientData = 0.8

// edges returns the kept beats, each once, in order.
func (d *Day) edges() []longrun.EdgeBeat {
	edges := []longrun.EdgeBeat{}
	for _, h := range []*longrun.Heartbeat{d.first.earliest, d.first.latest, d.last.earliest, d.last.latest} {
		if h == nil {
			continue
		}
		if e := d.edgeBeat(h); !slices.Contains(edges, e) {
			edges = append(edges, e)
		}
	}
	return edges
}

// passRates are the shares of the types that have one, in per cent, over all probes
// of a type.
func passRates(probes []longrun.ProbeTally) map[string]float64 {
	sums := map[longrun.ProbeType]longrun.ProbeTally{}
	for _, p := range probes {
		sum := sums[p.Type]
		sum.Pass += p.Pass
		sum.Fail += p.Fail
		sums[p.Type] = sum
	}
	rates := map[string]float64{}
	for t, sum := range sums {
		if rate, ok := sum.Rate(); ok {
			rates[string(t)] = 100 * rate
		}
	}
	return rates
}

// repairTimes are the percentiles of how long the incidents that are over
// lasted, in seconds.
func repairTimes(incidents []longrun.IncidentSummary) (p50, p90, p95 *float64) {
	var sec []float64
	for _, o := range incidents {
		if o.End != nil {
			sec = append(sec, max(0, o.End.Sub(o.Start).Seconds()))
		}
	}
	slices.Sort(sec)
	at := func(p float64) *float64 {
		if v, ok := Percentile(sec, p); ok {
			return &v
		}
		return nil
	}
	return at(50), at(90), at(95)
}

// maxRollupBytes is how large a rollup may be as JSON: a database's limit is 1 MiB,
// and it has its own way to count.
const maxRollupBytes = 900_000

// bound cuts the lists to what a document has room for. Long names, or an error's
// class for each probe, make it smaller still: without a rollup a day would be
// read from its beats, and kept, for ever.
func boundLists(r *longrun.Rollup) {
	for part := 1; part <= 64; part *= 2 {
		cutList(r, part)
		if text, err := json.Marshal(r); err != nil || len(text) <= maxRollupBytes {
			return
		}
	}
}

// cut leaves a part of what the lists may hold.
func cutList(r *longrun.Rollup, part int) {
	if over := len(r.Gaps) - longrun.MaxRollupGaps/part; over > 0 {
		longest := slices.Clone(r.Gaps)
		slices.SortStableFunc(longest, func(a, b longrun.Gap) int { return cmp.Compare(b.Missed, a.Missed) })
		r.Gaps = longest[:longrun.MaxRollupGaps/part]
		slices.SortFunc(r.Gaps, func(a, b longrun.Gap) int { return a.From.Compare(b.From) })
		r.Truncated.Gaps += int64(over)
	}
	if over := len(r.Instances) - longrun.MaxRollupInstances/part; over > 0 {
		r.Instances = r.Instances[:longrun.MaxRollupInstances/part]
		r.Truncated.Instances += int64(over)
	}
	if over := len(r.Incidents) - longrun.MaxRollupIncidents/part; over > 0 {
		r.Incidents = r.Incidents[:longrun.MaxRollupIncidents/part]
		r.Truncated.Incidents += int64(over)
	}
	room := longrun.MaxRollupPoints / part
	for i := range r.Probes {
		p := &r.Probes[i]
		share := room / (len(r.Probes) - i) // what one leaves, the next ones share
		if over := len(p.Points) - share; over > 0 {
			p.Points = evenly(p.Points, share)
			r.Truncated.Points += int64(over)
		}
		room -= len(p.Points)
		foldClasses(p, max(1, maxRollupClasses/part/len(r.Probes)))
	}
}

// evenly takes n of the points, as far apart as they can be: the first ones alone
// would tell of the morning.
func evenly(points []longrun.ProbePoint, n int) []longrun.ProbePoint {
	left := make([]longrun.ProbePoint, n)
	for i := range left {
		left[i] = points[i*len(points)/n]
	}
	return left
}

// maxRollupClasses bounds the classes of errors of all types.
const maxRollupClasses = 1000

// foldClasses leaves the most frequent classes, and counts the rest as one.
func foldClasses(t *longrun.ProbeTally, most int) {
	if len(t.Classes) <= most {
		return
	}
	frequent := slices.Clone(t.Classes)
	slices.SortStableFunc(frequent, func(a, b longrun.ClassCount) int { return cmp.Compare(b.N, a.N) })
	t.Classes = nil
	for _, c := range frequent[:most] {
		addClass(t, c)
	}
	for _, c := range frequent[most:] {
		addClass(t, longrun.ClassCount{Class: otherType, N: c.N})
	}
}

func (d *Day) edgeBeat(h *longrun.Heartbeat) longrun.EdgeBeat {
	e := longrun.EdgeBeat{TS: h.TS.UTC(), InstanceID: h.InstanceID, CommitHash: h.CommitHash, UptimeSec: h.UptimeSec, ChainSeq: h.ChainSeq, Late: h.Late, Epoch: h.Epoch}
	if own := d.digest.tally.grid().Own(*h); own != d.digest.tally.interval {
		e.IntervalSec = int64(own / time.Second)
	}
	return e
}

// edgeLength is how long the own slot of a rollup's beat is.
func edgeLength(r *longrun.Rollup, e longrun.EdgeBeat) time.Duration {
	return Grid{lengthOf(r.IntervalSec)}.own(e.IntervalSec)
}

func heartbeatOf(e longrun.EdgeBeat) longrun.Heartbeat {
	return longrun.Heartbeat{TS: e.TS, InstanceID: e.InstanceID, CommitHash: e.CommitHash, UptimeSec: e.UptimeSec, ChainSeq: e.ChainSeq, Late: e.Late, Epoch: e.Epoch}
}
