// Package monitor is the engine: it writes one heartbeat per slot under a
// fenced lease, keeps the record of its own run, and tells what it knows.
//
// What it does not do. It does not keep the host alive, and it cannot tell why
// a host is dead that says nothing. It does not raise an alarm when every
// instance is gone: for that night, let Config.AfterBeat ping a switch outside.
// It does not promise a beat in each slot; it promises that a slot without one
// is never counted as filled. It does not end a function of the host that hangs,
// nor a store that does: it goes on without them.
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
// # The rooms, and the walks through them
//
// This package is the door: Config, New, Run, Status, and which room is given what.
// Its rooms are in internal/, each with its own comment; none of them holds the
// Monitor, and what flows between them are values.
//
//	hostcall     the one way to call the host     leading   lease, tasks, their pace
//	storehealth  the store, and trusted time      beats     pulse, backlog, writer
//	settings     the live settings                probing   schedules, results
//	runs         this run's document              alarming  rules, incidents, mutes
//	room         what every room is given         outbox    messages, the channel
//	measuring    numbers for Metrics              closing   rollups, evidence, retention
//	anchoring    checkpoints, kept outside        cosigning checkpoints, signed by witnesses
//
// A heartbeat: beats.Pulse wakes at the slot's start, asks the host (hostcall.Status),
// makes the beat, keeps it in the backlog, behind which the journal is written, and
// tells alarming (Board.Made). beats.Write takes it from there, links it to the chain,
// and writes it with the lock's row in one commit (leading.Term.Beat). Stored, it goes
// to hostcall.AfterBeat, and a late one to closing.
//
// A probe's result: probing finds one due from the last stored result, asks
// (hostcall.Prober), once more before a FAIL, and stores it under the lease
// (leading.Lead.Commit), or keeps it. closing hears which day changed; alarming sees
// the newest results at its next look.
//
// An incident: once a slot alarming has every row of the table of rules look
// (rules.Judge). A state that moves is written with its incident and its message, in
// one commit. It grows while it fires, and is resolved with its end and MTTR; closing
// hears of both.
//
// A message: outbox finds it due, writes down that this instance sends it, hands it to
// the host (hostcall.Alerter), and writes down what became of it: sent, put off until
// when, or given up. The channel's health is in Status.
//
// A day: closing asks whether the time is certain (storehealth.Time, and the beats),
// reads the day once, makes its rollup and its batch of evidence, and commits them with
// the lock's note (leading.Lead.Move). Retention marks a day in its rollup, and logs
// that, before the first delete.
//
// A number: what the rooms make, store and read anyway is told to measuring, which
// keeps histograms, counts and the slots of a month; Metrics puts them together and asks
// neither store nor host.
//
// # The end
//
// When Run's context ends, Config.StopTimeout begins, one for all: the writer stores
// what waits, the tasks finish what they began and Config.Leading lets go, the lease
// is given back, and then the host's functions are waited for while the run's document
// is closed. What hangs is left behind and said.
//
// # What only one instance may hold
//
// Config.Leading is called for as long as this instance leads: connections of which
// there must be one in the world are made in it, and end with its context. Between
// two instances the order is: the one before lets go, its lease is given back or runs
// out, or its process is gone (Config.Witness), the next one is granted it, and takes
// hold. Three things are not promised. A
// function that goes on after the end of its context may overlap with the next one.
// So may a process that was stopped for longer than its lease, from when it wakes up
// until its first look at the context. And what was under way at a loss is the host's
// to mend. For WhatsApp accounts package probe/whatsappprobe/owning does all of it.
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
// The leader makes the probes of Config.Probes: of one account one at a time, of all
// no more than Config.ProbesAtOnce, and no two of their attempts begin within 2 s, so
// that a server with two hundred accounts sends at most one message in that time.
// Each is due from its last stored result, by the settings as they are stored, so that
// restarts neither repeat nor starve one, and a failure is tried once more before it counts. Those that have names are
// spread over their period by them.
//
// A probe of an account that the host calls suspect (AccountStatus.Suspect) is made at
// once, one for each suspicion: no more than four at once and one an hour, and none
// while there were 24 probes of the account within a day. A FAIL, by a suspicion or by
// the schedule, of an account that the host tells of is confirmed by another probe half
// a minute later. While an account is restricted or banned none of its probes is made
// but by hand, and none is overdue; Status says so. A suspicion alone is never an
// alarm. What a prober cannot tell, or
// does not tell in time, is stored as INCONCLUSIVE. A result that the store does
// not take waits in memory for the next lease of this process.
//
// # Alerts
//
// The leader judges every rule once per slot, from memory, by the thresholds of
// the live settings. What a rule's state becomes, its incident and the message
// that this asks for are one commit under the lease, and a message is sent only
// after that, and after a second commit has claimed it. So whoever leads next
// goes on where the last one stopped.
//
// What is promised. A message that was decided arrives at least once; what comes
// twice carries the same key. One that the channel refused for good, or did not take
// for three days, is kept, and told when it works again: as little as says the truth
// by then. Of one incident the beginning never arrives after the end. The last
// message about a rule and target says how it is: a change for the worse is told at
// once, repetitions wait for the throttle, and what flaps is summed up, so that no
// more than 30 messages come in a day, whoever leads. A channel that fails
// is tried again after 2 s and then less and less often, every 5 minutes at last;
// one that asks to be left alone is, by the next leader as well, though for no
// longer than 6 hours. What waits together goes as one message.
//
// What is not. Nothing is sent exactly once: a leader that dies behind the
// channel's answer has a successor that sends again, as soon as the claim has run
// out (Config.AlertTimeout and some seconds). An error that is permanent ends its
// message; the next one is tried all the same. Where a state's document was
// mangled its rule begins anew, and may be told again. A clock that is set ahead
// and back again may blind missed_heartbeats for as long as it was ahead.
//
// A rule about probes calls each by its type and name, such as "outbound ops-1";
// where those of many accounts fail within an hour, that is one incident and one
// message.
//
// Accounts whose names are telephone numbers are called by the last two digits.
// Several that share such a name are one target, which is bad while any is.
//
// The rule store_unreachable stands apart, since while it fires nothing can be
// written: each instance judges it for itself, and the one that led tells of it
// directly, from memory, each message for at most 6 hours. So does one that knows of
// no leader, or whose leader must have lost its lease by now: of an outage that
// outlasts a lease every instance may tell, each in its own name. When somebody leads
// again the outage becomes one incident. It is muted by maintenance, and by silences
// as far as the instance knows them: those that were made on it, or that it read as
// leader.
//
// # Cost
//
// A beat is one commit of two documents and no read. The settings cost two at the start,
// and none then where the store's watch knows which document changed, as those of this
// module do. Where a store cannot watch, they are read every Config.SettingsEvery, and
// a follower reads the lock's document at most four times in a lease.
//
// A monitor at rest holds at most twelve goroutines, whatever its age, two more with
// Config.Leading, one with Config.Anchor or AnchorAlerts, and a leader one more with
// Config.Cosigners, besides what the store's
// own watches need. A probe's result is one more commit of two documents; a take-over
// reads the results of one period of the slowest probe, once.
//
// Alerts cost nothing while nothing happens. A take-over reads the settings, the
// states of the rules with the incidents that are open, the messages of the last
// three days, and which slots of the last two days have a beat: 2,880 small
// documents of minutes. A message is three commits, which those that fire together
// share: the decision, the claim, and the mark that it was sent; each a second behind
// the one before, since all that a leader writes beside its beats takes turns. Before anything
// is told the silences are read, once in a slot; a silence that holds is read
// again every 5 minutes.
package monitor
