// Package longwatch is the manual of a library that a back end embeds so that
// its operators can know, and prove, that it stayed up for days and months.
//
// This package holds no code. It does not restart anything, it is no time series
// database, and it cannot speak when every instance is gone: let
// monitor.Config.AfterBeat ping a dead-man switch outside for that night.
//
// # What it does
//
// Time is cut into slots, a minute each by default. In each slot exactly one
// instance, the leader under a fenced lease, writes one heartbeat. A slot
// without one is missed, whatever the reason, and a row of missed slots is a gap
// with a cause: crash, restart, deploy, stall, store. Coverage is written slots
// over expected slots, and the missed slots of all gaps add up to the
// difference, always. The beats form a chain of hashes, so that a document that
// was edited, added or taken away shows. What goes wrong becomes an incident, and a
// message that arrives at least once; each day is rolled up, and logged as evidence.
//
// # The packages
//
//	longrun             the vocabulary: Heartbeat, Slot, Window, Gap, Coverage, Probe,
//	                    Incident, Rollup, Run, Settings. Standard library only;
//	                    longrun/metrics are the numbers of a running monitor
//	longrun/coverage    counting: Of, gaps and causes, a day's rollup, MTTR. Pure
//	longrun/budget      the error budget: what a target lets be missed, what is left,
//	                    how fast it goes. Pure
//	longrun/rules       when something is an incident, and what is told of it: its rows;
//	                    rules/finding is what a row sees. Pure
//	longrun/evidence    hashes, the chain of beats, the log, keys; evidence/tree is the
//	                    log's tree, evidence/witness who cosigns a checkpoint. Pure
//	longrun/ledger      the documents: names, typed reads and writes, surveys;
//	                    ledger/logbook logs them, ledger/retention finds those that are
//	                    no longer kept, ledger/witnessed is what a witness has seen
//	longrun/monitor     the engine's door: New, Run, Status; its rooms are internal
//	longrun/report      what a survey found, as Markdown, JSON and HTML; report/chart
//	                    draws its charts as SVG, report/badge a badge, report/table
//	                    writes lists as CSV
//	longrun/verify      the checks: evidence, restart-safe, probes
//	longrun/adminhttp   the admin API, an http.Handler
//	longrun/dashboard   the pages for people, an http.Handler
//	longrun/promcollector the same numbers for Prometheus
//	longrun/witnesshttp witnesses over HTTP, both ends
//	store               the contract with a database, three methods
//	store/memstore      … in memory
//	store/sqlitestore   … in one SQLite file, for the processes of one host
//	store/firestorestore … in Firestore, for several hosts
//	store/postgresstore … in a table of Postgres, for several hosts
//	store/storetest     the kit that every store passes; Faulty, to break one
//	lock                the fenced lease, built once on store.Store; lock/filewitness
//	                    tells on one machine that its holder's process is gone
//	lock/locktest       the kit that the lock passes on every store
//	probe               the contract with what tries a service for real: one method
//	probe/probetest     the kit that every prober passes, and a scripted one
//	probe/httpprobe     … of a door over HTTP, stage by stage; tcpprobe of any other
//	probe/whatsappprobe … of WhatsApp, over the real client; states of accounts.
//	                    Links libsignal, which is GPL-3.0; linking pairs a device, and
//	                    owning has the leader's instance connect it
//	probe/whatsapptest  a WhatsApp server for tests, in process
//	alert               the contract with what carries messages to people: one method
//	alert/telegramalert … by Telegram; slackalert, discordalert, teamsalert, matrixalert
//	                      and ntfyalert into rooms; pagerdutyalert and pushoveralert to
//	                      who is on call; mailalert; webhookalert by HTTP; slogalert into
//	                      the log; shoutrrralert by whatever else shoutrrr knows
//	alert/alerttest     the kit that every channel passes, a recorder, and a Telegram
//	                    server for tests
//	examples/server     the reference server, with a demonstration
//	examples/longctl    the command line: longctl --help lists its commands
//	examples/past       a year that never was, to look at
//
// Imports point down only:
//
//	examples ─► adminhttp ─► monitor ─► ledger ─► coverage, rules, evidence ─► longrun
//	                            │          └────► store ◄─ memstore, sqlitestore,
//	                            ├► lock ────────────┘       firestorestore, postgresstore
//	                            ├► probe ◄─ whatsappprobe
//	                            └► alert ◄─ telegramalert, slackalert, mailalert, …
//
// # A start
//
//	st, err := sqlitestore.Open(ctx, "longrun.db", nil)
//	if err != nil {
//		return err
//	}
//	defer st.Close()
//	m, err := monitor.New(monitor.Config{
//		Store:  st,
//		Status: func(ctx context.Context) (longrun.HostStatus, error) { return myHost.Status(ctx) },
//		Logger: slog.Default(),
//	})
//	if err != nil {
//		return err // every mistake at once, each naming its field
//	}
//	mux.Handle("/api/admin/longrun/", adminhttp.New(m, adminhttp.Options{Token: token}))
//	return m.Run(ctx) // nil when asked to stop; the lease is released, nothing is left behind
//
// # Conventions
//
// Required things are fields of a Config or arguments, optional ones come in an
// Options struct that may be nil, and every field says its default. New starts
// nothing; Run(ctx) blocks, and its context is the only stop. What the host
// opened, the host closes. Nothing here reads the environment, flags or files
// that it was not given, and nothing logs but to the *slog.Logger it was given.
// All times are UTC, all windows are [from, to).
package longwatch
