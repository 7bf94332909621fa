package report

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// Schema names the form of a Report's JSON. Fields may be added to it; none of
// them changes its name or meaning without another Schema.
const Schema = "longrun.Report/1"

// Report is everything that is said of a window. Its JSON is stable and
// documented by these comments; times are RFC 3339 in UTC, durations are in the
// unit that their names end with, shares are 0 to 1, and a share that divides
// by nothing is null. No list is null.
type Report struct {
	Schema string `json:"schema"`
	// GeneratedAt is the moment that the report is of.
	GeneratedAt time.Time `json:"generatedAt"`
	// InstanceID and CommitHash name the program that made the report.
	InstanceID string `json:"instanceId"`
	CommitHash string `json:"commitHash"`

	Window    Window    `json:"window"`
	Judgement Judgement `json:"verdict"`
	// Evidence is what a check of the evidence found; null where none was made.
	Evidence *Evidence `json:"evidence"`
	// Budget is what the target of the window lets be missed of what counts, and what is
	// left of that; null where no target is for windows so short, and without data.
	Budget    *budget.Budget `json:"budget"`
	Coverage  Coverage       `json:"coverage"`
	Gaps      Gaps           `json:"gaps"`
	Instances Instances      `json:"instances"`
	Probes    []Probe        `json:"probes"`
	Incidents Incidents      `json:"incidents"`
	// Repairs are MTTR and MTBF, in the counted part of the window up to now.
	Repairs     coverage.RepairStats `json:"repairs"`
	Days        []Day                `json:"days"`
	LeftOut     []string             `json:"leftOut"`
	Derivations []Derivation         `json:"derivations"`
}

// Window is the time that the report is about.
type Window struct {
	// Name is that of the window's length, such as "7d" or "36h", and empty where it
	// is not one of whole hours.
	Name string `json:"name"`
	// From and To are as they were asked for.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// CountedFrom and CountedTo are what counts: on the grid, not before the
	// first moment that anything is known of, and not the slot that is open.
	CountedFrom time.Time `json:"countedFrom"`
	CountedTo   time.Time `json:"countedTo"`
	// Earliest is that first moment, null where nothing is known.
	Earliest    *time.Time `json:"earliest"`
	IntervalSec int64      `json:"intervalSec"`
}

// Coverage is how much of the window was observed, and what was observed.
type Coverage struct {
	// Expected counts the slots, Written those with a beat, Missed the others;
	// Coverage is Written / Expected.
	Expected int      `json:"expected"`
	Written  int      `json:"written"`
	Missed   int      `json:"missed"`
	Coverage *float64 `json:"coverage"`
	// Healthy counts the written slots in which the host called itself healthy, Unknown
	// those whose beats do not say it, of the original system or made before the settings
	// were read: they are in no share. Good is Healthy / (Expected − Unknown), which whatever was missed lowers.
	// Availability is Healthy / (Written − Unknown), how healthy it was while it was seen:
	// it can be 1 beside an outage of a day, and is no headline. Both are null where no
	// beat says it.
	Healthy      int      `json:"healthy"`
	Unknown      int      `json:"unknown"`
	Good         *float64 `json:"good"`
	Availability *float64 `json:"availability"`
	// Extra counts beats that found their slot filled, Late those that were
	// written after it.
	Extra int   `json:"extra"`
	Late  int64 `json:"late"`
	// Drift is how long after its slot's start a beat was made, over Drift.Beats beats,
	// and DriftMeanSec the mean of the same; null without beats.
	Drift        *longrun.Drift `json:"drift"`
	DriftMeanSec *float64       `json:"driftMeanSec"`
}

// Gaps are the runs of empty slots. The missed slots of all that are listed and
// of those that are not add up to Missed.
type Gaps struct {
	Count  int `json:"count"`
	Missed int `json:"missed"`
	// Causes are counted over all gaps, the one with the most missed slots
	// first.
	Causes []CauseCount `json:"causes"`
	// Listed are the longest, in the order of time; MoreGaps others have
	// MoreMissed slots.
	Listed     []longrun.Gap `json:"listed"`
	MoreGaps   int           `json:"moreGaps"`
	MoreMissed int           `json:"moreMissed"`
}

// CauseCount counts the gaps of one cause.
type CauseCount struct {
	Cause  longrun.Cause `json:"cause"`
	Gaps   int           `json:"gaps"`
	Missed int           `json:"missed"`
}

// Instances are those that wrote the beats.
type Instances struct {
	// Count is how many different instance IDs there are; beats without one
	// count as one, and Unnamed says that there are such.
	Count   int  `json:"count"`
	Unnamed bool `json:"unnamed"`
	// Listed has a line for each instance and build, in the order of their first
	// beats; More others made MoreBeats.
	Listed    []longrun.InstanceStats `json:"listed"`
	More      int                     `json:"more"`
	MoreBeats int64                   `json:"moreBeats"`
}

// Incidents are those that began in the window, or before it and lasted into it.
type Incidents struct {
	Count int `json:"count"`
	Open  int `json:"open"`
	// Listed are the newest, oldest first; More is how many are not.
	Listed []Incident `json:"listed"`
	More   int        `json:"more"`
}

// Incident is one incident.
type Incident struct {
	IncidentID string           `json:"incidentId"`
	Rule       longrun.RuleID   `json:"rule"`
	Target     string           `json:"target"`
	Severity   longrun.Severity `json:"severity"`
	Start      time.Time        `json:"start"`
	// End is null while it is open; DurationSec is then how long it has lasted, and
	// else how long the trouble took, as Incident.Repair says.
	End         *time.Time `json:"end"`
	DurationSec float64    `json:"durationSec"`
	Summary     string     `json:"summary"`
}

// Day is one line of the heat map: what counts of one UTC day.
type Day struct {
	Date     string    `json:"date"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Expected int       `json:"expected"`
	Written  int       `json:"written"`
	Missed   int       `json:"missed"`
	Healthy  int       `json:"healthy"`
	Unknown  int       `json:"unknown"`
	// Source is "rollup" or "beats", Reason why a whole day was not read from
	// its rollup, and Differs how that contradicts the beats.
	Source  ledger.Source `json:"source"`
	Reason  string        `json:"reason"`
	Differs string        `json:"differs"`
	// Slots, Unhealthy and UnknownSlots are as Slots, Unhealthy and Unknown in
	// longrun.Rollup, from From on.
	Slots        string `json:"slots"`
	Unhealthy    string `json:"unhealthy"`
	UnknownSlots string `json:"unknownSlots"`
}

// Derivation is how one number is found again by hand.
type Derivation struct {
	Number string `json:"number"`
	// Value is the number as the report shows it, and Formula the way to it, with
	// its inputs filled in.
	Value   string `json:"value"`
	Formula string `json:"formula"`
	// Source is the collection, and Query what to ask of it.
	Source string `json:"source"`
	Query  string `json:"query"`
}

// Options are what a report may be told; nil means the defaults.
type Options struct {
	// InstanceID and CommitHash name the program that makes the report. Default:
	// empty.
	InstanceID, CommitHash string
	// Threshold is the coverage that windows under seven days are held to, the
	// live setting insufficientDataThreshold. A negative one is 0: it asks for
	// nothing. Default (0): 0.8.
	Threshold float64
	// Targets are those that longer windows are held to, and Maintenance is what was
	// planned, as longrun.Settings have them. Default: longrun.DefaultTargets, and
	// nothing.
	Targets     []longrun.Target
	Maintenance []longrun.Maintenance
	// MaxGaps, MaxIncidents and MaxInstances bound the lists. Default: 100 each.
	MaxGaps, MaxIncidents, MaxInstances int
}

// OptionsOf are those of live settings: what windows are held to, and what was planned.
func OptionsOf(s longrun.Settings) *Options {
	o := &Options{Threshold: s.InsufficientDataThreshold, Targets: s.InForce(), Maintenance: s.Maintenance}
	if o.Threshold == 0 {
		o.Threshold = -1 // nothing is asked for, which is not to ask for the default
	}
	return o
}

// New says what a survey found.
func New(s ledger.Survey, o *Options) Report {
	opt := Options{}
	if o != nil {
		opt = *o
	}
	for _, n := range []*int{&opt.MaxGaps, &opt.MaxIncidents, &opt.MaxInstances} {
		if *n <= 0 {
			*n = 100
		}
	}
	if opt.Threshold == 0 {
		opt.Threshold = longrun.DefaultSettings(s.Interval).InsufficientDataThreshold
	}
	opt.Threshold = max(opt.Threshold, 0)
	if len(opt.Targets) == 0 {
		opt.Targets = longrun.DefaultTargets()
	}
	c := s.Summary.Coverage
	r := Report{
		Schema: Schema, GeneratedAt: s.Now.UTC(), InstanceID: opt.InstanceID, CommitHash: opt.CommitHash,
		Window: Window{
			Name: nameOf(s.Asked.To.Sub(s.Asked.From)), From: s.Asked.From.UTC(), To: s.Asked.To.UTC(),
			CountedFrom: c.From, CountedTo: c.End(), Earliest: s.Earliest, IntervalSec: int64(s.Interval / time.Second),
		},
		Coverage: coverageOf(s.Summary),
		Gaps:     gapsOf(c, opt.MaxGaps),
	}
	r.Judgement = verdictOf(s.Asked, c, opt, s.Interval)
	r.Budget = budgetOf(s.Asked, c, opt)
	r.Instances = instancesOf(s.Summary, opt.MaxInstances)
	r.Probes = probesOf(s.Summary.Probes, r.counted())
	r.Incidents = incidentsOf(s, opt.MaxIncidents)
	r.Repairs = repairsOf(s, r)
	r.Days = daysOf(s)
	r.LeftOut = leftOut(s, r)
	r.Derivations = derivations(s, r)
	return r
}

// counted is the time that counts.
func (r Report) counted() longrun.Window {
	return longrun.Window{From: r.Window.CountedFrom, To: r.Window.CountedTo}
}

// HasData reports whether any slot of the window counts.
func (r Report) HasData() bool { return r.Coverage.Expected > 0 }

// JSON returns the report as indented JSON with a line feed at its end; what
// stands in it is said at Report. What cannot be seen is escaped in it.
func (r Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(document.Full(r), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(visible.JSON(text), '\n'), nil
}
