package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// What Probes asks for unless told otherwise.
const (
	// DefaultPassRate is the least share of PASS among PASS and FAIL, and
	// DefaultQueuePassRate that of longrun.Queue.
	DefaultPassRate      = 0.95
	DefaultQueuePassRate = 0.98
	// DefaultProbeWindow is how far back results count.
	DefaultProbeWindow = 30 * 24 * time.Hour
)

// freshness is how many periods old the newest result may be: a probe that is
// due is made within minutes, so that half a period more is no accident.
const freshness = 1.5

// clockLeeway is how far in the future a result may lie, since the clock that it
// was made by is not the one that asks.
const clockLeeway = 5 * time.Minute

// ProbesOptions say what Probes asks for.
type ProbesOptions struct {
	// Now is the time. Required.
	Now time.Time
	// Types are the configured probes. Default: outbound, inbound and queue, and
	// whatever else Every, MinPassRate or the live settings name or the window has
	// results of. A type that nobody names and that left no result cannot be
	// missed.
	Types []longrun.ProbeType
	// Names are the names of the configured probes, of every type that has any; an empty
	// one is that of a type's only probe. Default: all that the window has results of.
	// One that was taken away is missed until its last result has left the window.
	Names []string
	// Every are the periods by type. Default: what the live settings say, else
	// what the newest result says, else 6 h, and 24 h for longrun.Queue.
	Every map[longrun.ProbeType]time.Duration
	// MinPassRate are the least shares of PASS by type, from 0 to 1. Default:
	// DefaultPassRate, and DefaultQueuePassRate for longrun.Queue.
	MinPassRate map[longrun.ProbeType]float64
	// To is the end of what is looked at, before Now: how it was then. Later results are
	// not read. Default: Now.
	To time.Time
	// Window is how far back from To results count. Default: DefaultProbeWindow.
	Window time.Duration
	// Progress is told how it goes on. Default: none.
	Progress Progress
}

// Probes checks that every configured probe is there, that its newest
// PASS or FAIL is not older than one and a half of its periods, and that enough
// of them passed. INCONCLUSIVE counts as neither, and is no sign of life. Results
// of probes made by hand count in the rate, and not as fresh: a schedule that
// stands still is to be found.
func Probes(ctx context.Context, l *ledger.Ledger, o ProbesOptions) (Outcome, error) {
	if o.Now.IsZero() {
		return Outcome{}, errors.New("verify: Now is required")
	}
	if o.Window == 0 {
		o.Window = DefaultProbeWindow
	}
	if err := o.validate(); err != nil {
		return Outcome{}, err
	}
	if !o.To.IsZero() {
		o.Now = o.To
	}
	q := newInquiry("probes", o.Now.Add(-o.Window), o.Now)
	settings, _, err := l.Settings(ctx, longrun.DefaultInterval)
	if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
		q.Fault(bad.Path, "is not usable, so that the periods it sets are not known: %v", bad.Err)
	} else if err != nil {
		return Outcome{}, err
	}
	found, err := readProbes(ctx, l, q, o)
	if err != nil {
		return Outcome{}, err
	}
	for _, n := range o.probes(settings, found) {
		f := found[n]
		if f == nil {
			f = &probeFinds{}
		}
		f.judge(q, n, o, settings, l.Path(ledger.Probes))
	}
	return q.outcome(), nil
}

func (o ProbesOptions) validate() error {
	var errs []error
	if o.To.After(o.Now) {
		errs = append(errs, fmt.Errorf("verify: To %s is after Now %s", o.To.Format(time.RFC3339), o.Now.Format(time.RFC3339)))
	}
	if o.Window < 0 {
		errs = append(errs, fmt.Errorf("verify: Window %v is negative", o.Window))
	}
	for _, t := range o.Types {
		if err := t.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("verify: Types: %w", err))
		}
	}
	for _, name := range o.Names {
		if err := (longrun.NamedProbe{Type: longrun.Outbound, Name: name}).Validate(); err != nil {
			errs = append(errs, fmt.Errorf("verify: Names: %w", err))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(o.Every)) {
		errs = append(errs, o.asked("Every", t))
		if every := o.Every[t]; every <= 0 {
			errs = append(errs, fmt.Errorf("verify: Every: %v of %s is not above 0", every, t))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(o.MinPassRate)) {
		errs = append(errs, o.asked("MinPassRate", t))
		if rate := o.MinPassRate[t]; !(rate >= 0 && rate <= 1) {
			errs = append(errs, fmt.Errorf("verify: MinPassRate: %v of %s is not between 0 and 1", rate, t))
		}
	}
	return errors.Join(errs...)
}

// asked reports an option for a type that is not asked for: a name that was
// misspelt must not leave the type that was meant with the default.
func (o ProbesOptions) asked(field string, t longrun.ProbeType) error {
	if len(o.Types) > 0 && !slices.Contains(o.Types, t) {
		return fmt.Errorf("verify: %s: %.40q is none of Types", field, string(t))
	}
	if err := t.Validate(); err != nil {
		return fmt.Errorf("verify: %s: %w", field, err)
	}
	return nil
}

// types are those to ask for, in order.
func (o ProbesOptions) types(s longrun.Settings, found map[longrun.NamedProbe]*probeFinds) []longrun.ProbeType {
	if len(o.Types) > 0 {
		return o.Types
	}
	types := []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue}
	types = slices.AppendSeq(types, maps.Keys(o.Every))
	types = slices.AppendSeq(types, maps.Keys(o.MinPassRate))
	for name := range s.ProbeEverySec {
		types = append(types, longrun.ProbeType(name))
	}
	for n := range found {
		types = append(types, n.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// probes are those to ask for, in order: of each type those with the names that are
// asked for, or that were found. A type without any is asked for by itself.
func (o ProbesOptions) probes(s longrun.Settings, found map[longrun.NamedProbe]*probeFinds) []longrun.NamedProbe {
	names := map[longrun.ProbeType][]longrun.NamedProbe{}
	for n := range found {
		names[n.Type] = append(names[n.Type], n)
	}
	var probes []longrun.NamedProbe
	for _, t := range o.types(s, found) {
		own := names[t]
		named := slices.ContainsFunc(own, func(n longrun.NamedProbe) bool { return n.Name != "" })
		if named && len(o.Names) > 0 {
			own = nil
			for _, name := range o.Names {
				own = append(own, longrun.NamedProbe{Type: t, Name: name})
			}
		}
		if len(own) == 0 {
			own = []longrun.NamedProbe{{Type: t}}
		}
		slices.SortFunc(own, longrun.NamedProbe.Compare)
		probes = append(probes, slices.Compact(own)...)
	}
	return probes
}

// probeCounts count what came of probes.
type probeCounts struct{ pass, fail, inconclusive int64 }

// probeFinds are the results of one probe.
type probeFinds struct {
	probeCounts                              // by the schedule, or on suspicion
	byHand      probeCounts                  // in no rate
	newest      *ledger.Entry[longrun.Probe] // PASS or FAIL, not by hand
	scheduled   *ledger.Entry[longrun.Probe] // the last one not by hand
	last        *ledger.Entry[longrun.Probe] // whatever it was
}

func readProbes(ctx context.Context, l *ledger.Ledger, q *inquiry, o ProbesOptions) (map[longrun.NamedProbe]*probeFinds, error) {
	found := map[longrun.NamedProbe]*probeFinds{}
	var n int64
	for e, err := range l.Probes(ctx, ledger.Page{From: o.Now.Add(-o.Window), To: o.To}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			q.Fault(bad.Path, "is no probe: %v", bad.Err)
			continue
		}
		if err != nil {
			return nil, err
		}
		n++
		o.Progress.tell(ledger.Probes, n)
		if e.At.After(o.Now.Add(clockLeeway)) {
			q.Fault(e.Path(), "lies in the future, at %s, and does not count", e.At.Format(time.RFC3339))
			continue
		}
		f := found[e.Value.Named()]
		if f == nil {
			f = &probeFinds{}
			found[e.Value.Named()] = f
		}
		f.add(q, e)
	}
	q.counts["probes"] = n
	return found, nil
}

// add counts a result; they come in the order of time.
func (f *probeFinds) add(q *inquiry, e ledger.Entry[longrun.Probe]) {
	f.last = &e
	if e.Value.Trigger == longrun.ByHand { // nobody mends a rate by asking more often
		switch e.Value.Result {
		case longrun.Pass:
			f.byHand.pass++
			return
		case longrun.Fail:
			f.byHand.fail++
			return
		case longrun.Inconclusive:
			f.byHand.inconclusive++
			return
		}
	}
	f.scheduled = &e
	switch e.Value.Result {
	case longrun.Pass:
		f.pass++
	case longrun.Fail:
		f.fail++
	case longrun.Inconclusive:
		f.inconclusive++
		return
	default:
		q.Fault(e.Path(), "has the result %.40q, which is none", e.Value.Result)
		return
	}
	f.newest = &e
}

// judge judges one probe. Those of a type are counted together.
func (f *probeFinds) judge(q *inquiry, n longrun.NamedProbe, o ProbesOptions, s longrun.Settings, dir string) {
	t := n.Type
	name := visible.Line(string(t), maxName)
	q.counts[name+"Pass"] += f.pass + f.byHand.pass
	q.counts[name+"Fail"] += f.fail + f.byHand.fail
	q.counts[name+"Inconclusive"] += f.inconclusive + f.byHand.inconclusive
	decided := f.pass + f.fail
	if decided == 0 {
		switch {
		case f.last == nil:
			when := "in the last " + inDays(o.Window)
			if !o.To.IsZero() {
				when = "in the " + inDays(o.Window) + " before " + o.To.UTC().Format(time.RFC3339)
			}
			q.Fault(dir, "no result of %s %s: it is not configured, or never made", n, when)
		case f.inconclusive == 0:
			q.Fault(f.last.Path(), "no PASS or FAIL of %s was made by the schedule", n)
		default:
			q.Fault(f.scheduled.Path(), "is the last of %s, of which all %d were INCONCLUSIVE: %s %s", n, f.inconclusive, f.scheduled.Value.ErrorClass, f.scheduled.Value.Error)
		}
		return
	}
	every := f.every(t, o, s)
	limit := time.Duration(freshness * float64(every))
	if o.Now.Sub(f.newest.At) > limit {
		q.Fault(f.newest.Path(), "is the newest PASS or FAIL of %s, and %v old; it is due every %v, so that %v is too old", n, o.Now.Sub(f.newest.At).Truncate(time.Second), every, limit)
	}
	least, ok := o.MinPassRate[t]
	if !ok {
		least = DefaultPassRate
		if t == longrun.Queue {
			least = DefaultQueuePassRate
		}
	}
	if rate := float64(f.pass) / float64(decided); rate < least {
		tenths := f.pass * 1000 / decided // cut, so that it never looks like the rate that it misses
		q.Fault(f.scheduled.Path(), "%s passed %d of %d times, %d.%d %%, and %s %% are asked for", n, f.pass, decided, tenths/10, tenths%10,
			strconv.FormatFloat(math.Round(least*1e7)/1e5, 'f', -1, 64))
	}
}

// every is the period of the type.
func (f *probeFinds) every(t longrun.ProbeType, o ProbesOptions, s longrun.Settings) time.Duration {
	if every, ok := o.Every[t]; ok {
		return every
	}
	every := 6 * time.Hour
	if t == longrun.Queue {
		every = 24 * time.Hour
	}
	if sec := f.last.Value.EverySec; sec > 0 {
		every = time.Duration(sec * float64(time.Second))
	}
	return s.ProbeSchedule(t, longrun.ProbeSchedule{Every: every, Retry: every}).Every
}

// inDays says a length in days, or in hours where that is shorter.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return d.String()
}
