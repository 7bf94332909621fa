package outbox

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// Accusation is what a witness says against the log of evidence, or that this is over.
type Accusation struct {
	// By is the witness, and What it says in one line.
	By, What string
	// Since is when it said so first, and Until when it was over: zero while it is not.
	Since, Until time.Time
	// Again says that people were told of it before.
	Again bool
}

// contradicted names the condition in messages. It is no rule of the live settings: it
// has no threshold, and cannot be turned off.
const contradicted = "evidence_contradicted"

// Accused tells people once, if the channel has time for it. The error is a *QuietError
// where it asked to be left alone, and else the channel's: it was not sent, or that is
// not known.
func (c *Channel) Accused(ctx context.Context, a Accusation) error {
	m := alert.Message{
		Kind: alert.Firing, Service: c.options.Service, Zone: c.options.Zone, Rule: contradicted, Target: a.By, Severity: string(longrun.Critical),
		Summary: a.What, Since: a.Since, Until: a.Until, Instance: c.Self.InstanceID, Commit: c.Self.CommitHash,
		Key:    "#witness-" + a.By + "-" + a.Since.UTC().Format("20060102T150405"),
		LookAt: "was the store restored from a backup, or does another instance go on with a copy of it? longctl verify evidence names what does not fit",
	}
	switch {
	case !a.Until.IsZero():
		m.Kind, m.LookAt = alert.Resolved, ""
	case a.Again:
		m.Kind = alert.Reminder
	}
	return c.once(ctx, m)
}

// once sends a message that is no incident's, if the channel has time for it: alerts go
// first.
func (c *Channel) once(ctx context.Context, m alert.Message) error {
	now := c.Clock.Now().UTC()
	if quiet := c.QuietFor(now); quiet > 0 {
		return &QuietError{Until: now.Add(quiet), after: alert.RetryAfterError{After: quiet}}
	}
	if !c.Take() {
		return errBusy
	}
	return c.Send(ctx, m)
}
