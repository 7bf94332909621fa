// Package promcollector shows a monitor's numbers to Prometheus.
//
// What it does not guarantee. A scrape is no proof: it sees what one instance knew at
// one moment, and what comes between two scrapes only in the counters. What a leader
// alone knows — coverage, gaps, alarms, the outbox — is shown by the instance that
// leads; rules sum or take the largest over all of them. Counters begin at 0 with each
// process.
//
// A scrape calls neither the store nor the host, and holds nothing up. The collector
// registers itself where it is told to, and never with Prometheus' default registry. A
// host without a registry serves Collector.Page.
//
// # Series
//
// One instance has at most 80, without those of its accounts and probes. Each account
// has 2, and each probe 4: with the three probes of package whatsappprobe an account has
// 14. Labels take few values: rules, causes, states, results, and the names of accounts
// and probes. Of a name that could be a telephone number the last two digits are
// shown. Times are timestamps, not ages; durations are seconds; shares are 0 to 1.
//
// Probes leave exemplars: the newest result of each counter and bucket, with the
// probe_key of its document. Prometheus reads them in the OpenMetrics format alone.
//
// Rules for alerts are in docs/prometheus, and a dashboard in docs/grafana.
package promcollector
