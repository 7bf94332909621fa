package dashboard

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// titles say what each rule finds, of a target where there is one.
var titles = map[longrun.RuleID]string{ //nolint:gochecknoglobals // never changed
	rules.MissedHeartbeats: "Heartbeats are missed",
	rules.InstanceDied:     "An instance died",
	rules.InsufficientData: "Too few heartbeats in a day",
	rules.BudgetBurn:       "The error budget goes too fast",
	rules.StoreUnreachable: "The database does not answer",
	rules.ProbeFails:       "The * probe fails",
	rules.ProbeOverdue:     "The * probe is overdue",
	rules.StatusUnknown:    "The host does not say how it is",
	rules.HostUnhealthy:    "The host calls itself not healthy",
	rules.TooFewAccounts:   "Too few accounts are connected",
	rules.QueueDepth:       "Too many messages wait to be sent",
	rules.MemoryGrowth:     "The process needs more and more memory",
	rules.ClientOld:        "The WhatsApp library is old",
	rules.ClientOutdated:   "The WhatsApp library is out of date",
	rules.LoggedOut:        "* is logged out",
	rules.NotConnected:     "* is not connected",
	rules.Banned:           "* is banned",
	rules.Restricted:       "* is restricted",
	rules.SessionReplaced:  "Another client takes the session of * over",
	rules.ReconnectLoop:    "* reconnects again and again",
	rules.PhoneUnseen:      "The phone of * was not seen for long",
	rules.PhoneLost:        "The phone of * is about to be lost",
	rules.DeviceStore:      "The device store of * has errors",
	rules.HandlerLag:       "Events of * wait for the host",
	rules.NoAck:            "Messages of * are not confirmed",
	rules.PhoneWithoutCopy: "Phones get no copy of messages of *",
	rules.ReplayLost:       "Messages to * were announced and did not come",
	rules.SentToNobody:     "Messages of * were sent to nobody",
	rules.Undecryptable:    "Messages to * cannot be read",
	rules.Undelivered:      "Messages of * are accepted and not delivered",
}

// title is what is wrong, in plain words.
func title(rule longrun.RuleID, target string) string {
	text, ok := titles[rule]
	target = visible.Line(target, 80)
	switch {
	case !ok && target != "":
		return visible.Line(string(rule), 80) + ": " + target
	case !ok:
		return visible.Line(string(rule), 80)
	case !strings.Contains(text, "*"):
		return text
	case rule == rules.ProbeFails || rule == rules.ProbeOverdue:
		kind, name, _ := strings.Cut(target, " ")
		text = strings.Replace(text, "*", strings.ToLower(probeWord(longrun.ProbeType(kind))), 1)
		if name != "" {
			text += ": " + name
		}
		return text
	case target == rules.Together:
		return strings.Replace(strings.Replace(text, "* is", "Many accounts are", 1), "*", "many accounts", 1)
	case target == "":
		return strings.Replace(strings.Replace(text, "* is", "An account is", 1), "*", "an account", 1)
	}
	return strings.Replace(text, "*", target, 1)
}

// probeWord is what a type of probe tries.
func probeWord(t longrun.ProbeType) string {
	switch t {
	case longrun.Outbound:
		return "Sending"
	case longrun.Inbound:
		return "Receiving"
	case longrun.Queue:
		return "Queue"
	}
	return visible.Line(string(t), 40)
}

// probeName is a probe by its word and name.
func probeName(n longrun.NamedProbe) string {
	if n.Name == "" {
		return probeWord(n.Type)
	}
	return probeWord(n.Type) + ", " + visible.Line(n.Name, 40)
}

// causes are why slots are missed.
var causes = map[longrun.Cause]string{ //nolint:gochecknoglobals // never changed
	longrun.Stall: "process frozen", longrun.Restart: "restart", longrun.Deploy: "deploy", longrun.Crash: "crash",
	longrun.StoreDown: "database away", longrun.Ongoing: "still going on", longrun.Unknown: "not known",
}

func causeWord(c longrun.Cause) string {
	if text, ok := causes[c]; ok {
		return text
	}
	return visible.Line(string(c), 40)
}

// clockOf is a time for people who look at now: without its day where that is today.
func clockOf(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case t.Year() != now.Year():
		return t.Format("2 Jan 2006 15:04")
	}
	return t.Format("2 Jan 15:04")
}

func (k *known) clock(t time.Time) string { return clockOf(t, k.At) }

// lasting is a length, to the minute from one on.
func lasting(d time.Duration) string {
	d = max(d, 0)
	if d >= time.Minute && d < time.Hour {
		return strconv.Itoa(int(d/time.Minute)) + " min"
	}
	return figures.Length(d)
}

// slotWord is what a number of slots is called.
func slotWord(n int, interval time.Duration) string {
	if interval == time.Minute {
		return figures.Count(n) + " min"
	}
	return figures.Plural(n, "slot")
}

// plural counts things whose verb or noun the caller gives in both forms.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return figures.Count(n) + " " + many
}
