package longrun

import (
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
