package metrics

import "time"

// Snapshot is what one instance knows. Whoever has it may keep and change it.
type Snapshot struct {
	// InstanceID, CommitHash and Version say who tells.
	InstanceID, CommitHash, Version string
	// Interval is the length of a slot.
	Interval time.Duration
	// Started is when Run was called; zero when it does not run.
	Started time.Time

	// Leader tells whether this instance holds the lease, and Epoch is the newest
	// fencing token that it saw.
	Leader bool
	Epoch  int64
	// TasksFailed counts the tasks of a leader that have failed and are started again
	// later.
	TasksFailed int
	// StoreUp tells whether the store answers, and takes writes as far as is known.
	StoreUp bool

	Beats Beats
	// Host is what the host said of itself with the newest beat; nil where this
	// instance made none in the last three slots, or the host did not say.
	Host *Host
	// Accounts are the host's accounts with the newest beat, by name; empty where
	// Host is nil.
	Accounts []Account

	// Coverage are the windows that are known whole, the shortest first: the leader's
	// alone.
	Coverage []Window
	// Budget is the error budget of the target that the rules hold to; nil until all of
	// its window is known, and on an instance that does not lead.
	Budget *Budget
	// Gaps count the gaps in the heartbeats of the last thirty days, for each cause
	// that there is; empty on an instance that does not lead.
	Gaps []Gaps

	// Probes are the configured probes, in the order of the configuration, and
	// ProbeLatency is how long they took, in seconds, all together.
	Probes       []Probe
	ProbeLatency Histogram

	// Alarms count what fires, for every rule, in the order of the rules. They are the
	// leader's, but for those about the store, which each instance judges.
	Alarms []Alarms
	// Outbox is the messages as the leader knows them.
	Outbox Outbox
}

// Beats is what became of this run's heartbeats.
type Beats struct {
	// Last is when the last beat was made that this instance stored in its slot; zero
	// without one.
	Last time.Time
	// Stored and Dropped count beats since Started, and Waiting those that wait for
	// the store now.
	Stored, Waiting, Dropped int
	// Drift is how late in their slots beats were made, and Commit how long it took to
	// store one, both in seconds and since this process began.
	Drift, Commit Histogram
}

// Host is a host's word of itself.
type Host struct {
	// Healthy is false where HealthUnknown says that the beat does not know it.
	Healthy, HealthUnknown bool
	// QueueDepth is how many messages wait to be sent; the others count accounts.
	QueueDepth, Connected, Reconnecting, NeedsQR int64
}

// Account is one account.
type Account struct {
	// Name is its ID; of one that could be a telephone number, the last two digits.
	Name string
	// State is one of States.
	State string
	// Reconnects counts those of the last hour.
	Reconnects int64
}

// States are the values of Account.State, the best first. An account whose host does
// not say is "unknown", one that a person must see to in a way that has no name
// "logged_out", and one in a state that is not known here "other".
func States() []string {
	return []string{"connected", "unknown", "other", "degraded", "reconnecting", "stopped", "outdated", "needs_qr", "logged_out"}
}

// Window is how much of the time up to now was observed.
type Window struct {
	// Name is such as "24h".
	Name string
	// Expected counts the slots that are over, and Written those of them with a stored
	// beat. What was before the first beat of all is not expected.
	Expected, Written int64
}

// Ratio is Written / Expected, and 1 where nothing was expected yet.
func (w Window) Ratio() float64 {
	if w.Expected <= 0 {
		return 1
	}
	return float64(w.Written) / float64(w.Expected)
}

// Budget is what a target lets be missed of a window up to now, in slots, planned
// maintenance with the rest. What was before the first beat of all does not count.
type Budget struct {
	// Window is such as "30d".
	Window string
	// Allowed is how many slots may be missed, and Left how many more may be: under 0
	// where the target is missed.
	Allowed, Left int64
	// Burns are how fast it went in the last hours, the shortest time first.
	Burns []Burn
}

// Burn is how fast an error budget went: at a rate of 1 it is gone at the window's end.
type Burn struct {
	// Span is such as "6h", with so many slots, of which so many were missed.
	Span          string
	Slots, Missed int64
	Rate          float64
}

// Gaps is how many gaps had a cause. The causes of a day are known when it is closed,
// soon after its end in UTC; until then they are unknown, and so is that of one which
// went on when it was closed. A gap over midnight counts in
// both days.
type Gaps struct {
	Cause string
	Count int64
}

// Probe counts the results that this instance made of one probe.
type Probe struct {
	Type, Name string
	// Pass, Fail and Inconclusive count them by result.
	Pass, Fail, Inconclusive ProbeCount
	// Latency is how long the newest took; 0 before there is one.
	Latency time.Duration
}

// ProbeCount counts results.
type ProbeCount struct {
	Count uint64
	// Last is the newest of them.
	Last Exemplar
}

// Alarms is how many targets a rule fires for.
type Alarms struct {
	Rule   string
	Firing int64
}

// Outbox is how many messages wait to be sent, and how many could not be delivered
// and are kept. Failing is since when the channel took none; zero when it did.
type Outbox struct {
	Waiting, Undelivered int
	Failing              time.Time
}
