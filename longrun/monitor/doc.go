// Package monitor is the engine: it writes one heartbeat per slot under a
// fenced lease, keeps the record of its own run, and tells what it knows.
//
// What it does not do. It does not keep the host alive, and it cannot tell why
// a host is dead that says nothing. It does not raise an alarm when every
// instance is gone: for that night, let Config.AfterBeat ping a switch outside.
// It does not promise a beat in each slot; it promises that a slot without one
// is never counted as filled.
//
// # How it runs
//
// New checks the configuration and starts nothing. Run blocks until its context
// ends, and returns nil then; every goroutine it started has ended by that
// time. Run several instances on one store: one leads and writes, the others
// stand by and take over.
//
//	            ┌────────── lease lost ◄─────────┐
//	            ▼                                │
//	start ─► standing by ── lease granted ─► leading ── asked to stop ─► release
//	            │                                                         │
//	            └────────────────── asked to stop ─────────────────► run closed
//
// # When the store is out of reach
//
// The leader goes on making beats, each with the slot and the time it was made
// in, and keeps them (Config.Backlog, and Config.Journal on disk). When the same
// process leads again without anyone in between, the current slot is written
// first and then the empty ones, marked late. When another took over, the gap
// stays, and this instance's run says from when to when it was alive without
// the store, so that the gap's cause is known. A store that answers reads and
// takes no writes is out of reach too, until it has answered a write.
//
// A clock that is set back makes no beat twice: slots that have one keep it, and
// beats that wait for slots which have not come are dropped.
//
// # Probes
//
// The leader makes the probes of Config.Probes, one at a time. Each is due from
// its last stored result, so that restarts neither repeat nor starve one, and a
// failure is tried once more before it counts. What a prober cannot tell, or
// does not tell in time, is stored as INCONCLUSIVE. A result that the store does
// not take waits in memory for the next lease of this process.
//
// # Cost
//
// A beat is one commit of two documents and no read. The settings cost none
// either where the store's watch knows which document changed; sqlitestore's sees
// only that the file did, so that there each commit costs every instance up to
// two reads of one small document. Where a store cannot watch, they are read
// every Config.SettingsEvery.
//
// A monitor at rest holds at most ten goroutines, whatever its age, besides
// what the store's own watches need. A probe's result is one more commit of two
// documents; a take-over reads the results of one period of the slowest probe,
// once.
package monitor
