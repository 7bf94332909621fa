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
//	                    Incident, Rollup, Run, Settings. Standard library only
//	longrun/coverage    counting: Of, gaps and causes, a day's rollup, MTTR. Pure
//	longrun/budget      the error budget: what a target lets be missed, what is left,
//	                    how fast it goes. Pure
//	longrun/rules       when something is an incident, and what is told of it. Pure
//	longrun/evidence    hashes, the chain of beats, seals, keys. Pure
//	longrun/ledger      the documents: names, typed reads and writes, surveys;
//	                    retention finds those that are no longer kept
//	longrun/monitor     the engine's door: New, Run, Status; its rooms are internal
//	longrun/report      what a survey found, as Markdown, JSON and HTML;
//	                    report/chart draws its charts as SVG
//	longrun/verify      the checks: evidence, restart-safe, probes
//	longrun/adminhttp   the admin API, an http.Handler
//	store               the contract with a database, three methods
//	store/memstore      … in memory
//	store/sqlitestore   … in one SQLite file, for the processes of one host
//	store/firestorestore … in Firestore, for several hosts
//	store/postgresstore … in a table of Postgres, for several hosts
//	store/storetest     the kit that every store passes; Faulty, to break one
//	lock                the fenced lease, built once on store.Store
//	lock/locktest       the kit that the lock passes on every store
//	probe               the contract with what tries a service for real: one method
//	probe/probetest     the kit that every prober passes, and a scripted one
//	probe/whatsappprobe … of WhatsApp, over the real client; states of accounts.
//	                    Links libsignal, which is GPL-3.0; linking pairs a device
//	probe/whatsapptest  a WhatsApp server for tests, in process
//	alert               the contract with what carries messages to people: one method
//	alert/telegramalert … by Telegram; slackalert, discordalert, teamsalert, matrixalert
//	                      and ntfyalert into rooms; pagerdutyalert and pushoveralert to
//	                      who is on call; mailalert; webhookalert by HTTP; slogalert into
//	                      the log
//	alert/alerttest     the kit that every channel passes, a recorder, and a Telegram
//	                    server for tests
//	examples/server     the reference server, with a demonstration
//	examples/longctl    the command line: pair, report, rollup, prune, verify, alert, schema
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
