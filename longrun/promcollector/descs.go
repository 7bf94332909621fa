package promcollector

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// The kinds of what is shown.
const (
	gauge     = "gauge"
	counter   = "counter"
	histogram = "histogram"
)

// desc is a name, and what there is to say of it.
type desc struct {
	name, help, kind string
	labels           []label // sorted by name
	prom             *prometheus.Desc
}

// label is one of a series: its value is that of the walk at index, or always the
// same.
type label struct {
	name, always string
	index        int // -1 for what is always the same
}

// of is its value for a series.
func (l *label) of(values *labels) string {
	if l.index < 0 {
		return l.always
	}
	return values[l.index]
}

func newDesc(kind, name, help string, names []string, always prometheus.Labels) *desc {
	d := &desc{name: name, help: help, kind: kind, prom: prometheus.NewDesc(name, help, names, always)}
	for i, n := range names {
		d.labels = append(d.labels, label{name: n, index: i})
	}
	for n, value := range always {
		d.labels = append(d.labels, label{name: n, always: value, index: -1})
	}
	slices.SortFunc(d.labels, func(a, b label) int { return cmp.Compare(a.name, b.name) })
	return d
}

// descs are the names, helps and labels of what is shown.
type descs struct {
	info, interval, started, leader, epoch, store, tasks         *desc
	last, stored, dropped, waiting, drift, commit                *desc
	coverage, gaps, allowed, left                                *desc
	healthy, queue, accounts, omitted, state, reconnects         *desc
	latency, results, took, alarms, outbox, undelivered, failing *desc

	all []*desc
}

func newDescs(labels prometheus.Labels) (d descs) {
	of := func(kind, name, help string, names []string) *desc {
		made := newDesc(kind, "longrun_"+name, help, names, labels)
		d.all = append(d.all, made)
		return made
	}
	add := func(name, help string, names ...string) *desc {
		if strings.HasSuffix(name, "_total") {
			return of(counter, name, help, names)
		}
		return of(gauge, name, help, names)
	}
	spread := func(name, help string) *desc { return of(histogram, name, help, nil) }
	d.info = add("build_info", "1, with the build and the instance that tells.", "version", "commit", "instance_id")
	d.interval = add("interval_seconds", "Length of a slot.")
	d.started = add("start_timestamp_seconds", "When the monitor began to run; absent while it does not.")
	d.leader = add("leader", "1 on the instance that holds the lease, else 0.")
	d.epoch = add("lease_epoch", "Newest fencing token of the lease that this instance saw.")
	d.store = add("store_up", "1 while the store answers and takes writes, as far as this instance knows.")
	d.tasks = add("tasks_failed", "Tasks of the leader that have failed and are started again later.")

	d.last = add("last_heartbeat_timestamp_seconds", "When the last heartbeat was made that this instance stored in its slot; absent without one.")
	d.stored = add("heartbeats_total", "Heartbeats that this instance stored.")
	d.dropped = add("heartbeats_dropped_total", "Heartbeats that this instance made and gave up.")
	d.waiting = add("heartbeats_waiting", "Heartbeats that wait for the store.")
	d.drift = spread("heartbeat_drift_seconds", "How long after the start of their slots heartbeats were made.")
	d.commit = spread("commit_duration_seconds", "How long it took to store heartbeats, a commit at a time.")
	d.coverage = add("coverage_ratio", "Share of the slots up to now that have a stored heartbeat, as the leader knows it; absent until all of the window is known.", "window")
	d.allowed = add("error_budget_slots", "Slots of the window up to now that the target lets be missed, as the leader knows it; absent until all of the window is known.", "window")
	d.left = add("error_budget_left_slots", "How many more may be missed, below 0 where the target is missed; planned maintenance counts.", "window")
	d.gaps = add("gaps", "Gaps in the heartbeats of the last 30 days, as the leader knows them; of a day that is not closed the cause is unknown.", "cause")

	d.healthy = add("host_healthy", "1 where the host called itself healthy with the newest heartbeat; absent where it did not say.")
	d.queue = add("queue_depth", "Messages that wait to be sent, as the host says.")
	d.accounts = add("accounts", "Accounts by state, as the host counts them.", "state")
	d.omitted = add("accounts_omitted", "Accounts that are not shown one by one, since there are too many; absent while all are.")
	d.state = add("account_state", "1, with the state that the account is in.", "account", "state")
	d.reconnects = add("account_reconnects", "Reconnects of the account in the last hour.", "account")

	d.latency = spread("probe_latency_seconds", "How long probes took, all together; of those that failed, how long was waited.")
	d.results = add("probes_total", "Results of probes that this instance made.", "type", "name", "result")
	d.took = add("probe_duration_seconds", "How long the newest probe took.", "type", "name")

	d.alarms = add("alarms", "Targets for which the rule fires, as the leader knows it.", "rule")
	d.outbox = add("outbox_waiting", "Messages that are to be sent, as the leader knows it.")
	d.undelivered = add("outbox_undelivered", "Messages that could not be delivered and are kept, as the leader knows it.")
	d.failing = add("channel_failing_since_timestamp_seconds", "Since when the channel took no message of this instance; absent while it does.")
	return d
}
