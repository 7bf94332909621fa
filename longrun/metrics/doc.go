// Package metrics is what a monitor tells of itself at one moment, as numbers: types
// alone, on the standard library, for whoever brings them to a system of metrics.
// Package promcollector does for Prometheus.
//
// What it does not guarantee. The numbers are of one instance and one process: its
// counters begin at 0 with it, and what only a leader knows stands in the snapshot
// of the leader alone. They are no evidence: reports and verification read the
// documents, and a snapshot never does.
//
// No text in it is a telephone number, and the values that a label may take are few:
// rules, causes, kinds of state, and the names of accounts and probes that the host
// gave.
package metrics
