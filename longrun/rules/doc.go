// Package rules says when something is an incident, and what is told of it: the
// rules, the state that each keeps of each target, and what one rule mutes.
//
// What it does not do and not promise: it has no clock, no I/O and no goroutine;
// whoever calls it brings the documents and the time. It sends nothing and stores
// nothing, and what it was not shown it does not judge.
//
// # Rules and incidents
//
// A rule is a function that looks at one thing at one moment, and says in a
// Finding whether it is Bad, Good, or Unseen: nobody could tell. These are about
// the instances and what they know:
//
//	rule               looks at           Bad, by default              Good again
//	missed_heartbeats  slots of the hour  more than 3 are empty        3 filled in a row
//	instance_died      runs found dead    one had not said good-bye    3 filled in a row
//	insufficient_data  slots of the day   fewer than 80 % are filled   80 %, 3 looks
//	budget_burn        slots of 3 days    the target's budget goes 14.4    slower, 3 looks
//	                                      times as fast in an hour, 6 in
//	                                      six, or 1 in three days; from 5
//	                                      missed slots on that nobody told
//	probe_fails        each probe type    2 FAILs in a row             a PASS
//	probe_overdue      each probe type    no result for 2 periods      a result
//	reconnect_loop     each account       more than 5 in the hour      10 minutes without
//	logged_out         each account       until a person acts          back in
//	queue_depth        the last beat      more than 100 wait           100, 3 looks
//	store_unreachable  the store          away for two intervals       back
//	status_unknown     the last beats     no status for 5 minutes      a status
//	host_unhealthy     the last beats     not healthy for 5 minutes    healthy
//	too_few_accounts   the last beats     too few for 5 minutes        enough
//	memory_growth      hours of 2 days    85 % of the limit, or so     neither, or freed
//	                                      within 4 days
//	client_old         the library        90 days old                  newer
//	client_outdated    the library        180 days, or refused         newer
//
// and these about each account, as longrun.AccountStatus says it; what the host
// leaves out is not judged:
//
//	not_connected      away for 2 minutes                          connected
//	banned, restricted while it lasts                              its end
//	session_replaced   taken over and not back, or twice in 10     back, 10 minutes without
//	                   minutes
//	undecryptable      5 an hour, a fifth or 3 senders             half an hour without
//	no_ack             2 in a row unconfirmed                      one confirmed
//	undelivered        8 in a row, to 4 chats that nearly always   one delivered
//	                   answer
//	sent_to_nobody     1 encrypted for no device                   10 minutes without
//	phone_without_copy 3 chats an hour                             half an hour without
//	replay_lost        1 announced that did not come               10 minutes without
//	device_store       3 errors an hour, or 1 that stays           10 minutes without
//	handler_lag        an event waited a minute                    none in the hour
//	phone_unseen, phone_lost  silent for 10 and for 12 days        a sign of life
//
// Many accounts in one trouble are one incident, see Fleet. That the probes of an
// account fail is not told where a rule about the account says why, see Rule.Probe: one
// cause, one message. What a process knew of an account ends with it: what is told of
// one that is on its way back in is over when it is in, or five minutes later. A rule
// is off where longrun.Settings.RulesOff names it; what it fired for is over then, as
// nobody looks. What is over since the settings were changed, and not since it is well,
// BadBy tells. While a host that has just begun adds its accounts, none of them is gone:
// see Rule.Gathers.
//
// Each is a row of one table, All: its name, how soon a person should look, how
// many looks in a row it takes, what it mutes, what it looks at, and its check.
// Judge has every row look at the same Inputs once a slot. Whoever judges knows no
// rule by name. Of the store each instance has its own view, and looks Alone: the row
// says so.
//
// A new rule is a file with its name, its Check function and its row, a line in the
// table, and a threshold in longrun.AlertThresholds. When it looks at something
// that no rule has looked at before, that is a field of Inputs.
//
// State.Next makes a state of a Finding and the state before. An incident
// begins when the condition did, and not when somebody noticed; it ends when the
// condition did; so that its length is that of the trouble. A look that saw
// nothing changes nothing, and neither does one that sees the same again.
//
//	            Bad            Bad, in a row           Good, in a row
//	inactive ────────▶ pending ──────────────▶ firing ───────────────▶ inactive
//	    ▲                 │                an incident is open
//	    └────── Good ─────┘
//
// State.Tell decides what is told, so that the last word is true: what fires, what
// goes on once in each throttle, its end if it was told, and what flaps summed up. A
// longrun.Silence, a Maintenance or a rule that Mutes or Explains it keeps it from
// being told and changes nothing else: what still fires when they end is told then. Who
// holds the lock commits state, incident and Notice together, so that none of them is
// known without the others. Delivery is at least once.
//
// Recent is the memory for the rules about slots. A new leader restores it from
// one Scan, and its first look judges the silence before it as a whole: what is at
// or under the threshold, such as a clean deploy, is a gap and no incident.
package rules
