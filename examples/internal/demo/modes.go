package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// mode is one way to break something.
type mode struct {
	name, key string
	title     string
	what      string
	tells     []teller
	soon      string // when it is told, in words
	seldom    bool   // not one of the main ones
	ends      bool   // the account's client gives up, as soon as it is told
	do        func(d *Demo) error
}

// teller is a rule that tells a mode, of one of these targets.
type teller struct {
	rule longrun.RuleID
	of   []string
}

func (t teller) String() string {
	if len(t.of) == 0 {
		return string(t.rule)
	}
	return string(t.rule) + " · " + t.of[0]
}

func by(rule longrun.RuleID, of ...string) teller { return teller{rule, of} }

// is reports whether one of the mode's rules speaks.
func (m *mode) is(rule, target string) bool {
	return slices.ContainsFunc(m.tells, func(t teller) bool {
		return string(t.rule) == rule && (len(t.of) == 0 || slices.Contains(t.of, target))
	})
}

const (
	inbound   = string(longrun.Inbound)
	outbound  = string(longrun.Outbound)
	queue     = string(longrun.Queue)
	nextProbe = "by the next probe, which is due each minute"
	nextSlot  = "in the next slot"
)

// modes are what can be broken, in the order in which operators report it.
var modes = []mode{
	{
		name: "hold-messages", key: "z", title: "Connected, and hears nothing", tells: []teller{by(rules.ProbeFails, inbound)}, soon: nextProbe,
		what: "a zombie: the account is connected, sends, and is sent nothing; what people write waits",
		do:   func(d *Demo) error { d.server.HoldMessages(Number); return nil },
	},
	{
		name: "lose-acks", key: "a", title: "Own messages are not confirmed", tells: []teller{by(rules.NoAck), by(rules.ProbeFails, outbound, queue)},
		soon: "after a minute without an answer to two messages",
		what: "what the account sends is lost on its way to the server, which answers nothing",
		do: func(d *Demo) error {
			d.server.LoseAcks(Number)
			d.server.LoseMessages(others()...)
			return nil
		},
	},
	{
		name: "lose-messages", key: "n", title: "Own messages reach nobody",
		tells: []teller{by(rules.ProbeFails, outbound, queue), by(rules.Undelivered)}, soon: nextProbe + "; by real messages after 15 min",
		what: "what the account sends is accepted, and arrives nowhere",
		do:   func(d *Demo) error { d.server.LoseMessages(others()...); return nil },
	},
	{
		name: "restrict", key: "r", title: "Restricted", tells: []teller{by(rules.Restricted)}, soon: nextSlot,
		what: "for ten minutes the account may not write to strangers",
		do: func(d *Demo) error {
			d.server.Restrict(d.opts.Clock.Now().Add(10*time.Minute), "RESTRICT_ALL_COMPANIONS", Number)
			return nil
		},
	},
	{
		name: "log-out", ends: true, key: "l", title: "Logged out", tells: []teller{by(rules.LoggedOut)}, soon: nextSlot,
		what: "somebody removes the device on the phone; heal links a new one",
		do:   func(d *Demo) error { d.server.LogOut(Number); return nil },
	},
	{
		name: "companion-only", key: "c", title: "On the computer, not on the phone", tells: []teller{by(rules.ProbeFails, outbound)}, soon: nextProbe,
		what: "people's linked devices have what the account sends, their phones have not",
		do: func(d *Demo) error {
			d.send(context.Background(), d.sender, people[0], "Back in a minute.") // its phone answers, and so is known to be awake
			d.server.CompanionOnly(others()...)
			return nil
		},
	},
	{
		name: "ruin-messages", key: "u", title: "Cannot be read", tells: []teller{by(rules.ProbeFails, inbound), by(rules.Undecryptable)},
		soon: nextProbe + "; by real messages when there are many, or after 10 min, in which they may be brought again",
		what: "what comes cannot be decrypted, however often it is sent again",
		do:   func(d *Demo) error { d.server.RuinMessages(1<<30, Number); return nil },
	},
	{
		name: "lose-offline", key: "w", title: "Lost while away", tells: []teller{by(rules.ReplayLost)},
		soon: "a minute after the account is back",
		what: fmt.Sprintf("the account is away for %d messages, and %d of those that waited never come", awayFor, lostThen),
		do:   (*Demo).leave,
	},
	{
		name: "lose-in-host", key: "i", title: "The host does not get it", tells: []teller{by(rules.ProbeFails, inbound)}, soon: nextProbe,
		what: "the client has what comes, and the application behind it does not store it",
		do:   func(d *Demo) error { d.host.drops.Store(true); return nil },
	},
	{
		name: "replace", ends: true, key: "t", title: "Another process has the account", tells: []teller{by(rules.SessionReplaced)}, soon: nextSlot,
		what: "another client with the same keys takes the session over",
		do:   func(d *Demo) error { d.server.Replace(Number); return nil },
	},
	{
		name: "outdated", ends: true, key: "o", title: "Outdated", tells: []teller{by(rules.ClientOutdated)}, soon: nextSlot,
		what: "the server refuses the client's version",
		do: func(d *Demo) error {
			d.server.FailLogins(events.ConnectFailureClientOutdated, Number)
			d.server.Drop(Number)
			return nil
		},
	},
	{
		name: "phone-off", key: "p", title: "The phone is not seen", tells: []teller{by(rules.PhoneUnseen)}, soon: "after 90 s of silence, here; after 10 days in real life",
		what: "the account's phone is off; its linked devices go on",
		do:   func(d *Demo) error { d.server.PhoneOff(Number); return nil },
	},
	{
		name: "ban", ends: true, key: "b", title: "Banned", tells: []teller{by(rules.Banned)}, soon: nextSlot,
		what: "for ten minutes the account may not connect: it sent the same to too many people",
		do: func(d *Demo) error {
			d.server.Ban(events.TempBanSentTooManySameMessage, 10*time.Minute, Number)
			return nil
		},
	},
	{
		name: "lock-store", key: "d", title: "The device store is locked", tells: []teller{by(rules.DeviceStore), by(rules.SentToNobody)},
		soon: "after the third error",
		what: "another process locks the database in which the client keeps its keys",
		do:   func(d *Demo) error { return d.server.LockStore(Number) },
	},
	{
		name: "disconnect", key: "x", title: "Not connected", tells: []teller{by(rules.NotConnected), by(rules.ProbeFails, outbound, inbound, queue)},
		soon: "after 15 s; in the first 5 min after a start by the next probe",
		what: "the account cannot connect",
		do: func(d *Demo) error {
			d.server.Refuse(Number)
			d.server.Drop(Number)
			return nil
		},
	},
	{
		name: "hold-memory", key: "m", title: "Memory runs out", tells: []teller{by(rules.MemoryGrowth)}, soon: "when the hour is over, if it was so for half of it",
		what: "the process holds nine tenths of the memory that it is said to have",
		do:   func(d *Demo) error { d.hold(); return nil },
	},
	{
		name: "fill-queue", key: "k", title: "The queue is full", tells: []teller{by(rules.QueueDepth)}, soon: nextSlot,
		what: fmt.Sprintf("%d messages wait in the host's queue", fullQueue),
		do:   func(d *Demo) error { d.host.waiting.Store(fullQueue); return nil },
	},
	{
		name: "refuse-messages", key: "g", title: "Refused", seldom: true, tells: []teller{by(rules.ProbeFails, outbound, queue), by(rules.Restricted)}, soon: nextProbe,
		what: "the account may not send: error 463, without a word of until when",
		do:   func(d *Demo) error { d.server.RefuseMessages(463, Number); return nil },
	},
	{
		name: "delay-messages", key: "y", title: "Late", seldom: true, tells: []teller{by(rules.ProbeFails, inbound, outbound, queue)}, soon: nextProbe,
		what: "messages come a minute late",
		do:   func(d *Demo) error { d.server.DelayMessages(time.Minute); return nil },
	},
	{
		name: "freeze", key: "j", title: "A dead link", seldom: true,
		tells: []teller{by(rules.ProbeFails, outbound, inbound, queue), by(rules.NoAck), by(rules.NotConnected)}, soon: nextProbe,
		what: "the account's connection is dead, and nobody is told; who owns it makes another after three minutes",
		do:   func(d *Demo) error { d.server.Freeze(Number); return nil },
	},
	{
		name: "drop", key: "v", title: "A broken link", seldom: true, tells: []teller{by(rules.ReconnectLoop)}, soon: "the sixth within an hour",
		what: "the connection breaks once; six in an hour are a loop",
		do:   func(d *Demo) error { d.server.Drop(Number); return nil },
	},
}

// others are all but the account that is watched.
func others() []string { return append([]string{Sender}, people...) }

// modeOf finds a mode by its name or its key; nil where there is none.
func modeOf(word string) *mode {
	for i := range modes {
		if modes[i].name == word || modes[i].key == word {
			return &modes[i]
		}
	}
	return nil
}
