package coverage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Merge takes the documents of a window as they come and gives the Summary of
// it: beats, probes and incidents one by one, and whole days as their Rollups.
// Any order, and any mixture of days and rollups of them, gives the same Summary,
// as long as no day is given both ways. A Merge is for one goroutine.
type Merge struct {
	tally     *Counter
	late      int64
	present   map[instanceKey]*longrun.InstanceStats
	writer    *longrun.InstanceStats // the one used last
	probes    map[longrun.NamedProbe]*longrun.ProbeTally
	incidents map[string]longrun.IncidentSummary
	rolled    map[string]bool
	omitted   longrun.Truncated
	mangled   int64
}

// NewMerge returns a Merge without documents. What w, interval, now and runs
// mean is said at Of.
func NewMerge(w longrun.Window, interval time.Duration, now time.Time, runs ...longrun.Run) *Merge {
	return &Merge{
		tally:     NewCounter(w, interval, now, runs...),
		present:   map[instanceKey]*longrun.InstanceStats{},
		probes:    map[longrun.NamedProbe]*longrun.ProbeTally{},
		incidents: map[string]longrun.IncidentSummary{},
		rolled:    map[string]bool{},
	}
}

// Add counts one beat. As with Of the last one before the window and the
// first one after it are worth giving.
func (d *Merge) Add(h longrun.Heartbeat) { d.take(h) }

// take counts the beat.
func (d *Merge) take(h longrun.Heartbeat) span {
	at := d.tally.take(h)
	if !at.counts {
		return at
	}
	if h.Late {
		d.late++
	}
	ts := h.TS.UTC()
	d.join(longrun.InstanceStats{
		InstanceID: h.InstanceID, CommitHash: h.CommitHash,
		First: ts, Last: ts, Beats: 1, EpochFrom: h.Epoch, EpochTo: h.Epoch,
	})
	return at
}

// join adds to the line of an instance.
func (d *Merge) join(p longrun.InstanceStats) {
	if d.writer == nil || keyOf(d.writer) != keyOf(&p) {
		d.writer = d.present[keyOf(&p)]
	}
	if d.writer == nil {
		d.writer = &p
		d.present[keyOf(&p)] = d.writer
		return
	}
	joinInstances(d.writer, p)
}

// AddProbe counts a probe that started in the counted part of the window; others
// are ignored.
func (d *Merge) AddProbe(p longrun.Probe) {
	if !d.counted(p.TS) {
		return
	}
	p.TS = p.TS.UTC()
	named := p.Named()
	if named.Validate() != nil {
		named = longrun.NamedProbe{Type: otherType}
	}
	addProbe(d.probe(named), p)
}

func (d *Merge) probe(n longrun.NamedProbe) *longrun.ProbeTally {
	tally := d.probes[n]
	if tally == nil {
		tally = &longrun.ProbeTally{Type: n.Type, Name: n.Name, Classes: []longrun.ClassCount{}, Points: []longrun.ProbePoint{}}
		d.probes[n] = tally
	}
	return tally
}

// counted reports whether t lies between the first slot that counts and the
// window's end. What has started in the open slot is known by now.
func (d *Merge) counted(t time.Time) bool {
	return d.tally.sec != 0 && d.tally.window.Contains(t)
}

// AddIncident notes an incident, in the place of what an earlier call or a
// rollup said of it. Whether it concerns the window is for the caller to say.
func (d *Merge) AddIncident(i longrun.Incident) { d.AddIncidentSummary(i.Brief()) }

// AddIncidentSummary is AddIncident for one without its evidence.
func (d *Merge) AddIncidentSummary(o longrun.IncidentSummary) {
	if known, ok := d.incidents[o.IncidentID]; ok && o.End == nil && known.End != nil {
		return // an end, once it is known, is not forgotten
	}
	d.incidents[o.IncidentID] = o
}

// AddUndecodable notes documents of the window that do not decode.
func (d *Merge) AddUndecodable(n int) { d.mangled += int64(n) }

// AddRollup takes a whole day from its rollup. The error says why it cannot: it
// contradicts itself, sticks out of the window, or was given before. Then nothing
// was added, and the day's documents can be given instead. What a rollup omitted
// is missing here too; see Summary.Truncated.
//
// A rollup of slots of another length fills what its beats would, see Grid, and
// makes no duplicates of them. Of a gap that has other bounds then, the cause is
// known if it lies within one of the rollup's.
func (d *Merge) AddRollup(r longrun.Rollup) error {
	t := d.tally
	rolled, err := openRollup(&r)
	switch {
	case err != nil:
		return err
	case t.sec == 0:
		return fmt.Errorf("longrun: rollup %s: the digest has no slots", r.Date)
	case longrun.SlotAt(r.From, t.interval) < t.first || longrun.SlotAt(r.To, t.interval) > t.end:
		return fmt.Errorf("longrun: rollup %s is not within the window", r.Date)
	case d.rolled[r.Date]:
		return fmt.Errorf("longrun: rollup %s was added before", r.Date)
	}
	d.rolled[r.Date] = true
	t.addRolled(r, rolled.resample(t.grid(), r.From, lengthOf(r.IntervalSec)))
	d.late += r.LateHb
	for _, p := range r.Instances {
		d.join(p)
	}
	for _, p := range r.Probes {
		joinProbes(d.probe(p.Named()), p)
	}
	for _, o := range r.Incidents {
		d.AddIncidentSummary(o)
	}
	d.mangled += r.Undecodable
	d.omitted.Gaps += r.Truncated.Gaps
	d.omitted.Points += r.Truncated.Points
	d.omitted.Instances += r.Truncated.Instances
	d.omitted.Incidents += r.Truncated.Incidents
	return nil
}

// addRolled counts the slots of a day from its rollup, which fits.
func (t *Counter) addRolled(r longrun.Rollup, rolled rolledDay) {
	t.AddBitmap(r.From, rolled.filled, rolled.healthy, rolled.unknown, r.Gaps...)
	for number, page := range rolled.drifts.pages {
		for i, n := range page {
			if n > 0 {
				t.drifts.addN(number*driftPage+int64(i), n)
			}
		}
	}
	t.extra += int(r.DuplicateHb)
	t.edged = true
	for _, e := range r.Edges {
		h := heartbeatOf(e)
		first, end := t.grid().covers(e.TS, edgeLength(&r, e))
		t.witnessed(first, &h)
		if end-1 > first {
			t.witnessed(end-1, &h)
		}
	}
}

// Bitmaps returns the counted slots of the window, the first of them as bit 0:
// which are filled, which of those are healthy, and of which nobody knows it: nil where
// that is of none.
func (d *Merge) Bitmaps() (filled, healthy, unknown *Bitmap) { return d.tally.Bitmaps() }

// Summary is what a Merge knows of its window: every number that a report
// shows.
type Summary struct {
	Coverage longrun.Coverage `json:"coverage" firestore:"coverage"`
	// DriftMeanSec is the mean of what Coverage.Drift has the percentiles of, the same
	// beats cut to milliseconds; nil without any.
	DriftMeanSec *float64 `json:"driftMeanSec" firestore:"driftMeanSec"`
	// Late counts the beats that were written after their slot.
	Late int64 `json:"late" firestore:"late"`
	// Instances are in the order of their first beats, Probes in that of their types
	// and names, Incidents oldest first. None is nil.
	Instances []longrun.InstanceStats   `json:"instances" firestore:"instances"`
	Probes    []longrun.ProbeTally      `json:"probes" firestore:"probes"`
	Incidents []longrun.IncidentSummary `json:"incidents" firestore:"incidents"`
	// Truncated counts what the rollups of the window had no room for: those gaps
	// are here without their causes, the others are not here.
	Truncated longrun.Truncated `json:"omitted" firestore:"omitted"`
	// Undecodable counts documents of the window that do not decode: they are in no
	// number here.
	Undecodable int64 `json:"mangled" firestore:"mangled"`
}

// Summary returns what was taken in so far. More may be added after it.
func (d *Merge) Summary() Summary {
	s := Summary{
		Coverage: d.tally.Coverage(), DriftMeanSec: d.tally.drifts.mean(), Late: d.late, Truncated: d.omitted, Undecodable: d.mangled,
		Instances: make([]longrun.InstanceStats, 0, len(d.present)), Probes: make([]longrun.ProbeTally, 0, len(d.probes)),
		Incidents: make([]longrun.IncidentSummary, 0, len(d.incidents)),
	}
	for _, p := range d.present {
		s.Instances = append(s.Instances, *p)
	}
	slices.SortFunc(s.Instances, compareInstances)
	for _, name := range slices.SortedFunc(maps.Keys(d.probes), longrun.NamedProbe.Compare) {
		p := *d.probes[name]
		p.Classes = slices.Clone(p.Classes)
		p.Points = slices.Clone(p.Points)
		slices.SortFunc(p.Points, comparePoints)
		s.Probes = append(s.Probes, p)
	}
	for _, o := range d.incidents {
		s.Incidents = append(s.Incidents, o)
	}
	slices.SortFunc(s.Incidents, compareIncidents)
	return s
}

// instanceKey tells the lines of the table apart.
type instanceKey struct{ instance, commit string }

func keyOf(p *longrun.InstanceStats) instanceKey { return instanceKey{p.InstanceID, p.CommitHash} }

// joinInstances makes one of two lines of the same instance and build.
func joinInstances(p *longrun.InstanceStats, o longrun.InstanceStats) {
	if o.First.Before(p.First) {
		p.First = o.First
	}
	if o.Last.After(p.Last) {
		p.Last = o.Last
	}
	p.Beats += o.Beats
	p.EpochFrom = min(p.EpochFrom, o.EpochFrom)
	p.EpochTo = max(p.EpochTo, o.EpochTo)
}

func compareInstances(a, b longrun.InstanceStats) int {
	return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last), cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.CommitHash, b.CommitHash))
}
