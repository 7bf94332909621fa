package longrun

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ProbeType names what a probe tries. Hosts may add types of their own: lower
// case letters, digits and underscores, at most 40.
type ProbeType string

// The probes of a messaging path.
const (
	// Outbound: the monitored account sends, and the message arrives.
	Outbound ProbeType = "outbound"
	// Inbound: the monitored account receives what another sends it.
	Inbound ProbeType = "inbound"
	// Queue: several messages go through the host's queue, each once, in order.
	Queue ProbeType = "queue"
)

// Validate reports what is wrong with the type. Those are refused, too, whose
// documents would have the IDs of another's.
func (t ProbeType) Validate() error {
	if prefix := strings.ToUpper(string(t)); prefix == Outbound.prefix() || prefix == Inbound.prefix() {
		return fmt.Errorf("probe type %q has the IDs of another type; there are %s and %s", string(t), Outbound, Inbound)
	}
	if t == "" || len(t) > 40 || strings.ContainsFunc(string(t), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
		return fmt.Errorf("probe type %.50q is not 1 to 40 of a-z, 0-9 and _", string(t))
	}
	return nil
}

// prefix begins the ID of the type's documents.
func (t ProbeType) prefix() string {
	switch t {
	case Outbound:
		return "OUT"
	case Inbound:
		return "IN"
	case Queue:
	}
	return strings.ToUpper(string(t))
}

// NamedProbe says which probe: of several of one type each has a name, such as
// that of the account that it is about.
type NamedProbe struct {
	Type ProbeType
	// Name is 1 to 40 of a-z, 0-9, "_", "." and "-", the first a letter or a digit,
	// and no telephone number. Empty is a name, too: of a type's only probe.
	Name string
}

// Validate reports what is wrong with the type and the name.
func (n NamedProbe) Validate() error {
	return errors.Join(n.Type.Validate(), validateProbeName(n.Name))
}

func validateProbeName(name string) error {
	good, digits := len(name) <= 40, 0
	for i, r := range name {
		if r >= '0' && r <= '9' {
			digits++
		} else {
			good, digits = good && (r >= 'a' && r <= 'z' || i > 0 && (r == '_' || r == '.' || r == '-')), 0
		}
		if digits > maxProbeNameDigits {
			return fmt.Errorf("a probe's name has more than %d digits in a row, as a telephone number has", maxProbeNameDigits)
		}
	}
	if !good {
		return fmt.Errorf("probe name %.50q is not 1 to 40 of a-z, 0-9, _, . and -, the first a letter or a digit", name)
	}
	return nil
}

// maxProbeNameDigits is how many digits in a row are no telephone number: names
// stand in messages and documents.
const maxProbeNameDigits = 6

// String is the type and, if there is one, the name, such as "outbound ops-1": the
// target of rules about probes.
func (n NamedProbe) String() string {
	if n.Name == "" {
		return string(n.Type)
	}
	return string(n.Type) + " " + n.Name
}

// Compare orders by type and then by name.
func (n NamedProbe) Compare(o NamedProbe) int {
	return cmp.Or(cmp.Compare(n.Type, o.Type), cmp.Compare(n.Name, o.Name))
}

// ProbeResult is the outcome of a probe.
type ProbeResult string

// The outcomes. Inconclusive, it could not be told, is neither a pass nor a
// fail, and counts as neither.
const (
	Pass         ProbeResult = "PASS"
	Fail         ProbeResult = "FAIL"
	Inconclusive ProbeResult = "INCONCLUSIVE"
)

// ProbeTrigger is why a probe was made.
type ProbeTrigger string

// The triggers.
const (
	Scheduled ProbeTrigger = "schedule"
	ByHand    ProbeTrigger = "manual"
	// Suspicion: the host called the account suspect, and Probe.Reason says why. The
	// schedule goes on from it.
	Suspicion ProbeTrigger = "suspicion"
)

// Probe is what one probe found. Its document is written if there is none of the
// same ID: the first result stands.
type Probe struct {
	// ProbeKey is the document's ID, see ProbeID.
	ProbeKey string    `json:"probeKey" firestore:"probeKey"`
	Type     ProbeType `json:"type" firestore:"type"`
	// Name is which of several of one type; empty for an only one, and in older
	// documents.
	Name string `json:"name" firestore:"name"`
	// TS is when the probe started, and TSISO the same for people, RFC 3339
	// with milliseconds.
	TS    time.Time `json:"ts" firestore:"ts"`
	TSISO string    `json:"tsIso" firestore:"tsIso"`
	// Result is that of the last attempt: one that failed is confirmed by a
	// second before it counts.
	Result ProbeResult `json:"result" firestore:"result"`
	// LatencyMs is UnknownMs where the document does not say, as those of the original
	// system. Else it is how long the probed thing took in the last attempt, in
	// milliseconds; of a Fail, how long it was waited for.
	LatencyMs float64 `json:"latencyMs" firestore:"latencyMs"`
	// Trigger says whether the schedule, a person or a suspicion asked.
	Trigger ProbeTrigger `json:"trigger" firestore:"trigger"`
	// Reason is why the account was suspect; empty for any other trigger.
	Reason string `json:"reason" firestore:"reason"`
	// Target is what was asked, with telephone numbers masked.
	Target string `json:"target" firestore:"target"`
	// ErrorClass names the kind of failure or obstacle, and Error says more in
	// one line; both empty after a Pass.
	ErrorClass string `json:"errorClass" firestore:"errorClass"`
	Error      string `json:"error" firestore:"error"`
	// Stages are the parts of the last attempt's way, in order.
	Stages []ProbeStage `json:"stages" firestore:"stages"`
	// Attempts are all attempts, the first one first; never empty.
	Attempts []ProbeAttempt `json:"attempts" firestore:"attempts"`
	// EverySec is the type's period at that time, and DeadlineSec how long one
	// attempt had.
	EverySec    float64 `json:"everySec" firestore:"everySec"`
	DeadlineSec float64 `json:"deadlineSec" firestore:"deadlineSec"`
	CommitHash  string  `json:"commitHash" firestore:"commitHash"`
	InstanceID  string  `json:"instanceId" firestore:"instanceId"`
	// Epoch is the lease's fencing token under which the result was stored.
	Epoch int64 `json:"epoch" firestore:"epoch"`
}

// Named says which probe it is a result of.
func (p Probe) Named() NamedProbe { return NamedProbe{Type: p.Type, Name: p.Name} }

// ProbeStage is one part of the way a probe goes.
type ProbeStage struct {
	Name string  `json:"name" firestore:"name"`
	Ms   float64 `json:"ms" firestore:"ms"`
}

// ProbeAttempt is one attempt of a probe.
type ProbeAttempt struct {
	TS         time.Time   `json:"ts" firestore:"ts"`
	Result     ProbeResult `json:"result" firestore:"result"`
	LatencyMs  float64     `json:"latencyMs" firestore:"latencyMs"`
	ErrorClass string      `json:"errorClass" firestore:"errorClass"`
	Error      string      `json:"error" firestore:"error"`
}

// UnknownMs stands for a latency that no document tells. MaxLatencyMs is the longest
// that is believed, a year: what is longer, or no number, is as unknown, and spoils no
// mean.
const (
	UnknownMs    = -1
	MaxLatencyMs = 366 * 86_400_000
)

// KnownMs reports whether a latency is one.
func KnownMs(ms float64) bool { return ms >= 0 && ms <= MaxLatencyMs }

// Milliseconds returns d as probes and reports state it, to the microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ProbeID names the document of a probe of type t that started at start: the
// type and the UTC hour, such as "OUT_20251229T22", so that two instances that
// both hold a probe for due write one document. Where the schedule asks at
// shorter or odd intervals the minutes are part of it, "OUT_20251229T2230", and
// by hand and early the seconds. It is that of the probe without a name; see NamedProbe.ID.
func ProbeID(t ProbeType, start time.Time, trigger ProbeTrigger, schedule ProbeSchedule) string {
	return NamedProbe{Type: t}.ID(start, trigger, schedule)
}

// ID is ProbeID with the name behind it, such as "OUT_20251229T22_ops-1". No two
// valid probes have the same: behind the hour a name has no capital letter, and a
// type nothing else.
func (n NamedProbe) ID(start time.Time, trigger ProbeTrigger, schedule ProbeSchedule) string {
	layout := "20060102T15"
	switch {
	case trigger == ByHand || trigger == Suspicion:
		layout = "20060102T150405"
	case !wholeHours(schedule.Every) || !wholeHours(schedule.Retry):
		layout = "20060102T1504"
	}
	id := n.Type.prefix() + "_" + start.UTC().Format(layout)
	if n.Name != "" {
		id += "_" + n.Name
	}
	return id
}

func wholeHours(d time.Duration) bool { return d >= time.Hour && d%time.Hour == 0 }

// MinProbeEvery is the shortest period of a probe.
const MinProbeEvery = time.Minute

const maxProbeEvery = 30 * 24 * time.Hour

// ProbeSchedule says how often a probe is due.
type ProbeSchedule struct {
	// Every is the period after a PASS, and after a part that is not configured.
	Every time.Duration
	// Retry is the period after anything else, at most Every: what failed is
	// looked at again soon, and a second failure is known in an hour and not in
	// six.
	Retry time.Duration
}

// WithDefaults fills an empty Retry: an hour, at most Every.
func (s ProbeSchedule) WithDefaults() ProbeSchedule {
	if s.Retry == 0 {
		s.Retry = min(time.Hour, s.Every)
	}
	return s
}

// Validate reports what is wrong with the schedule.
func (s ProbeSchedule) Validate() error {
	switch {
	case s.Every < MinProbeEvery || s.Every > maxProbeEvery:
		return fmt.Errorf("every %v is not between %v and %v", s.Every, MinProbeEvery, maxProbeEvery)
	case s.Retry < MinProbeEvery:
		return fmt.Errorf("retry %v is under %v", s.Retry, MinProbeEvery)
	case s.Retry > s.Every:
		return fmt.Errorf("retry %v is longer than every %v", s.Retry, s.Every)
	}
	return nil
}

// Due returns when the next scheduled probe is due after last, the newest one
// that the schedule asked for. It depends on nothing but that document, so that
// restarts neither repeat nor starve a probe. A last result that lies in the
// future, by a clock that was set back, counts as of now: whoever asks again and
// again must note that now once, or it moves on with every question.
func (s ProbeSchedule) Due(last Probe, now time.Time) time.Time {
	period := s.Retry
	if last.Result == Pass || last.ErrorClass == "not_configured" {
		period = s.Every
	}
	from := last.TS
	if from.After(now) {
		from = now
	}
	return from.Add(period)
}
