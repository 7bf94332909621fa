package longrun

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Settings are the live configuration: the document config/current. A change
// takes effect at the next slot; a start never overwrites it.
type Settings struct {
	// TS is when the document was last changed.
	TS time.Time `json:"ts" firestore:"ts"`
	// UpdatedBy says who changed it: an instance, or the admin API.
	UpdatedBy string `json:"updatedBy" firestore:"updatedBy"`
	// ExpectedAccounts is how many accounts must be connected for a slot to
	// count as healthy. 0 means that the host's own word is enough.
	ExpectedAccounts int64 `json:"expectedAccounts" firestore:"expectedAccounts"`
	// DriftSec is how late in its slot a beat may be made before it is called
	// late in the log, in seconds. Default: a sixth of the interval, 10 s of 60.
	DriftSec float64 `json:"driftSec" firestore:"driftSec"`
	// InsufficientDataThreshold is the coverage, 0 to 1, under which a window
	// fails. Default: 0.8.
	InsufficientDataThreshold float64 `json:"insufficientDataThreshold" firestore:"insufficientDataThreshold"`
	// Targets are how much of windows of their lengths is to be written: what a
	// report holds a window to, and what the error budget is counted from. Default
	// (none): DefaultTargets.
	Targets []Target `json:"targets" firestore:"targets"`
	// ProbeEverySec is how often the probes of a type are due, in seconds, for
	// the types it names; at least 60. Default: as the host configured them.
	ProbeEverySec map[string]float64 `json:"probeEverySec" firestore:"probeEverySec"`
	// RetentionDays is for how many days documents are kept, for the collections
	// that it names: heartbeats, probes, incidents, runs, outbox, silences. What
	// is older is deleted once a day and when a lead begins, and never of a day
	// that has no rollup. Default: none; everything is kept.
	RetentionDays map[string]int64 `json:"retentionDays" firestore:"retentionDays"`
	// AlertThresholds are from where on the rules find something bad.
	AlertThresholds AlertThresholds `json:"alertThresholds" firestore:"alertThresholds"`
	// RulesOff are the rules that do not look: what they would find is no incident,
	// and one that is open ends. Default: none.
	RulesOff []RuleID `json:"rulesOff" firestore:"rulesOff"`
	// Maintenance are the times in which alerts are not told. Default: none.
	Maintenance []Maintenance `json:"maintenance" firestore:"maintenance"`
}

// DefaultSettings are in force until someone stores others.
func DefaultSettings(interval time.Duration) Settings {
	return Settings{DriftSec: interval.Seconds() / 6, InsufficientDataThreshold: 0.8, AlertThresholds: DefaultAlertThresholds(interval)}
}

// Clone returns settings that share no list and no map with s.
func (s Settings) Clone() Settings {
	s.Targets, s.RulesOff, s.Maintenance = slices.Clone(s.Targets), slices.Clone(s.RulesOff), slices.Clone(s.Maintenance)
	s.ProbeEverySec, s.RetentionDays = maps.Clone(s.ProbeEverySec), maps.Clone(s.RetentionDays)
	for i := range s.Maintenance {
		s.Maintenance[i].Days = slices.Clone(s.Maintenance[i].Days)
	}
	return s
}

// Validate reports everything that is wrong, each error naming its field.
func (s Settings) Validate() error {
	var errs []error
	if s.ExpectedAccounts < 0 {
		errs = append(errs, fmt.Errorf("expectedAccounts %d is negative", s.ExpectedAccounts))
	}
	if !(s.DriftSec > 0 && s.DriftSec <= math.MaxFloat64) {
		errs = append(errs, fmt.Errorf("driftSec %v is not a number above 0", s.DriftSec))
	}
	if !(s.InsufficientDataThreshold >= 0 && s.InsufficientDataThreshold <= 1) {
		errs = append(errs, fmt.Errorf("insufficientDataThreshold %v is not between 0 and 1", s.InsufficientDataThreshold))
	}
	errs = append(errs, validateTargets(s.Targets)...)
	for _, name := range slices.Sorted(maps.Keys(s.ProbeEverySec)) {
		if err := ProbeType(name).Validate(); err != nil {
			errs = append(errs, fmt.Errorf("probeEverySec %w", err))
		} else if sec := s.ProbeEverySec[name]; !(sec >= MinProbeEvery.Seconds() && sec <= maxProbeEvery.Seconds()) {
			errs = append(errs, fmt.Errorf("probeEverySec %s %v is not between %v and %v", name, sec, MinProbeEvery.Seconds(), maxProbeEvery.Seconds()))
		}
	}
	errs = append(errs, validateRetention(s.RetentionDays)...)
	errs = append(errs, within("alertThresholds", s.AlertThresholds.Validate())...)
	if len(s.RulesOff) > maxRulesOff {
		errs = append(errs, fmt.Errorf("rulesOff has %d entries, at most %d are allowed", len(s.RulesOff), maxRulesOff))
	}
	for i, r := range s.RulesOff {
		if err := r.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("rulesOff %d: %w", i, err))
		}
	}
	if len(s.Maintenance) > MaxMaintenance {
		errs = append(errs, fmt.Errorf("maintenance has %d entries, at most %d are allowed", len(s.Maintenance), MaxMaintenance))
	}
	for i, m := range s.Maintenance {
		errs = append(errs, within("maintenance "+strconv.Itoa(i)+":", m.Validate())...)
	}
	return errors.Join(errs...)
}

// Off reports whether a rule does not look.
func (s Settings) Off(r RuleID) bool { return slices.Contains(s.RulesOff, r) }

// within says of each of several joined errors where it is.
func within(where string, err error) (errs []error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			errs = append(errs, fmt.Errorf("%s %w", where, e))
		}
	}
	return errs
}

// ProbeSchedule returns wired with what the settings say for the type. Retry
// stays as it is wired where that is not longer.
func (s Settings) ProbeSchedule(t ProbeType, wired ProbeSchedule) ProbeSchedule {
	if sec, ok := s.ProbeEverySec[string(t)]; ok {
		wired.Every = time.Duration(sec * float64(time.Second))
		wired.Retry = min(wired.Retry, wired.Every)
	}
	return wired
}

// minRetentionDays returns the collections that may be pruned, and for how long
// each is kept at least: what the engine itself looks back at, and some days more.
func minRetentionDays() map[string]int64 {
	return map[string]int64{"heartbeats": 4, "probes": 35, "incidents": 8, "runs": 8, "outbox": 4, "silences": 1}
}

const maxRetentionDays = 36500

// maxRulesOff is more than there will be rules.
const maxRulesOff = 100

// validateRetention checks Settings.RetentionDays.
func validateRetention(retention map[string]int64) (errs []error) {
	leasts := minRetentionDays()
	for _, name := range slices.Sorted(maps.Keys(retention)) {
		days := retention[name]
		least, ok := leasts[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("retentionDays %.50q is none of %v", name, slices.Sorted(maps.Keys(leasts))))
		case days < least || days > maxRetentionDays:
			errs = append(errs, fmt.Errorf("retentionDays %s %d is not between %d and %d", name, days, least, maxRetentionDays))
		}
	}
	return errs
}

// Target is how much of a window of some length is to be written.
type Target struct {
	// Days is the length of the window, from 1 to 3,650.
	Days int64 `json:"days" firestore:"days"`
	// Percent is the least share of its slots that is to have a beat, from 1 to
	// 99.9999 and with four decimals at most, so that what may be missed is a whole
	// number of slots in a million: with 99.5
	// 216 of the 43,200 minutes of 30 days may be.
	Percent float64 `json:"percent" firestore:"percent"`
}

// DefaultTargets are in force until someone stores others: 99.0 % of 7 days, 99.5 %
// of 30, 99.7 % of 90 and 99.8 % of 180.
func DefaultTargets() []Target { return []Target{{7, 99}, {30, 99.5}, {90, 99.7}, {180, 99.8}} }

const (
	million    = 1_000_000
	perPercent = million / 100
	maxTargets = 10
)

// Validate reports everything that is wrong, each error naming its field.
func (t Target) Validate() error {
	var errs []error
	if t.Days < 1 || t.Days > maxDays {
		errs = append(errs, fmt.Errorf("days %d is not between 1 and %d", t.Days, maxDays))
	}
	// A number of four decimals is the nearest one to itself; any other is not.
	if !(t.Percent >= 1 && t.Percent <= 99.9999) || t.Percent != float64(million-t.PerMillion())/perPercent {
		errs = append(errs, fmt.Errorf("percent %v is not a number from 1 to 99.9999 with four decimals at most", t.Percent))
	}
	return errors.Join(errs...)
}

func validateTargets(targets []Target) (errs []error) {
	if len(targets) > maxTargets {
		errs = append(errs, fmt.Errorf("targets has %d entries, at most %d are allowed", len(targets), maxTargets))
	}
	for i, t := range targets {
		where := "targets " + strconv.Itoa(i) + ":"
		errs = append(errs, within(where, t.Validate())...)
		if slices.ContainsFunc(targets[:i], func(o Target) bool { return o.Days == t.Days }) {
			errs = append(errs, fmt.Errorf("%s days %d has a target already", where, t.Days))
		}
	}
	return errs
}

// Name is such as "30d".
func (t Target) Name() string { return strconv.FormatInt(t.Days, 10) + "d" }

// Length is that of the window.
func (t Target) Length() time.Duration { return time.Duration(t.Days) * 24 * time.Hour }

// PerMillion is how many of a million slots may be missed: 5,000 by a target of 99.5 %.
func (t Target) PerMillion() int64 { return million - int64(math.Round(t.Percent*perPercent)) }

// MayMiss is how many of so many slots may be missed and the target is met: a whole
// number, and never one too many. It takes some 9,000,000,000,000 slots at most.
func (t Target) MayMiss(slots int64) int64 { return slots * t.PerMillion() / million }

// InForce are the targets, the shortest first: the default ones where there are none.
func (s Settings) InForce() []Target {
	targets := slices.Clone(s.Targets)
	if len(targets) == 0 {
		targets = DefaultTargets()
	}
	slices.SortFunc(targets, func(a, b Target) int { return cmp.Compare(a.Days, b.Days) })
	return targets
}

// AlertTarget is the one that the rule about the error budget and the metrics hold to:
// the longest of at most 30 days, so far as a leader remembers; else the shortest.
func (s Settings) AlertTarget() Target {
	held := Target{Days: 30, Percent: 99.5} // of DefaultTargets
	for i, t := range s.Targets {           // without a list of its own: a rule asks in each slot
		if i == 0 || t.Days <= 30 && (t.Days > held.Days || held.Days > 30) || t.Days > 30 && t.Days < held.Days {
			held = t
		}
	}
	return held
}
