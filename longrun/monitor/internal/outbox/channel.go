package outbox

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// ChannelOptions are what a Channel is made of.
type ChannelOptions struct {
	// Alerter is the host's. Default: messages stand in the log.
	Alerter alert.Alerter
	// Timeout bounds one message. Required.
	Timeout time.Duration
	// AdminURL and DashboardURL are where the admin API and the pages are, for links, to
	// the pages first. Default: no links.
	AdminURL, DashboardURL string
	// Service names what is watched, and Zone is where people are, for messages.
	// Default: no name, and UTC alone.
	Service string
	Zone    *time.Location
	// Checkpoint is the newest of the evidence, for messages. Default: none is known.
	Checkpoint func() string
}

// Channel is the host's way to people, one message at a time: it may hang, fail
// or panic. It is safe for concurrent use.
type Channel struct {
	room.Deps
	options ChannelOptions
	alerter *hostcall.Alerter
	tests   *hostcall.Alerter // has its own turn
	turn    chan struct{}     // full while somebody sends
	took    chan struct{}     // the channel took a message that is in no outbox

	// life ends with a run and not with a lead: that alone breaks off no message.
	life  context.Context //nolint:containedctx // it is a lifetime
	die   context.CancelFunc
	sends *spawn.Group // of the messages under way

	mu         sync.Mutex
	health     ChannelStatus
	taken      int64     // messages that the channel took
	testsUntil time.Time // until when tests are to leave it alone
	told       told
	swept      store.Cursor // up to where older messages were looked through
}

// NewChannel returns a Channel that is not open.
func NewChannel(d room.Deps, o ChannelOptions) *Channel {
	c := &Channel{Deps: d, options: o, turn: make(chan struct{}, 1), took: make(chan struct{}, 1), health: ChannelStatus{Configured: o.Alerter != nil}}
	alerter := o.Alerter
	if alerter == nil {
		alerter = alert.Func(func(ctx context.Context, m alert.Message) error {
			d.Log.WarnContext(ctx, "alert", "kind", string(m.Kind), "key", m.Key, "text", m.Text())
			return nil
		})
	}
	c.alerter = hostcall.NewAlerter(alerter, o.Timeout, d.Clock)
	c.tests = hostcall.NewAlerter(alerter, o.Timeout, d.Clock)
	c.Open(context.Background())
	return c
}

// Open and Close bound a run.
func (c *Channel) Open(ctx context.Context) {
	if c.die != nil {
		c.die()
	}
	c.life, c.die = context.WithCancel(context.WithoutCancel(ctx))
	c.sends = &spawn.Group{}
}

// Close breaks off what is being sent still. It returns soon: whoever sends does
// not wait for an alerter that ignores the end of its context.
func (c *Channel) Close() {
	c.die()
	_ = c.sends.Wait() // what became of each is noted
}

// Callers are what calls the host here, for whoever waits for their end.
func (c *Channel) Callers() []*hostcall.Caller {
	return []*hostcall.Caller{c.alerter.Caller(), c.tests.Caller()}
}

// patience is how long a sending may take at most.
func (c *Channel) patience() time.Duration { return c.alerter.Caller().Patience() }

// Take takes the turn if nobody has it. Whoever took it sends, or gives it back.
func (c *Channel) Take() bool {
	select {
	case c.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

// GiveBack is for a turn in which nothing was sent.
func (c *Channel) GiveBack() { <-c.turn }

// Send sends a message of whoever has the turn, and gives that back.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	err := c.send(ctx, m)
	c.tellTook(err)
	return err
}

// tellTook wakes whoever has something undelivered, when another message was taken.
func (c *Channel) tellTook(err error) {
	if err != nil && !alert.IsPartial(err) {
		return
	}
	select {
	case c.took <- struct{}{}:
	default:
	}
}

// Taken counts the messages that the channel took, tests too.
func (c *Channel) Taken() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken
}

func (c *Channel) send(ctx context.Context, m alert.Message) error {
	defer c.GiveBack()
	err := c.alerter.Alert(ctx, c.anchored(m))
	if err == nil || ctx.Err() == nil {
		c.note(ctx, err)
	} // else whoever asked gave up, which says nothing of the channel
	return err
}

// sendBeside is Send for the messages of an outbox, which ends with the run and
// not with a lead. end is called with what became of it.
func (c *Channel) sendBeside(m alert.Message, ids []string, end func(error)) {
	life := c.life
	c.sends.Go("a message", func() error {
		err := c.send(life, m)
		if err == nil {
			c.noteTold(ids)
		}
		end(err)
		return nil
	})
}

// Message is a notice as the channel gets it.
func (c *Channel) Message(n longrun.Notice) alert.Message {
	out := alert.Message{
		Kind: alert.Firing, Service: c.options.Service, Zone: c.options.Zone, Rule: string(n.Rule), Target: n.Target, Severity: string(n.Severity), Summary: n.Summary,
		Since: n.Since, Instance: n.InstanceID, Commit: n.CommitHash, IncidentID: n.IncidentID, Key: n.Key, Link: c.link(n.IncidentID),
		About: n.Instances, Cause: n.Cause, Details: n.Details,
	}
	if row, known := rules.Of(n.Rule); known {
		out.LookAt = row.LookAt
	}
	switch n.Kind {
	case longrun.NoticeReminder:
		out.Kind = alert.Reminder
	case longrun.NoticeResolved:
		out.Kind = alert.Resolved
	case longrun.NoticeFlapping:
		out.Kind = alert.Flapping
	case longrun.NoticeFiring, longrun.NoNotice:
	}
	if n.Until != nil {
		out.Until = *n.Until
		if n.LastedSec != nil {
			out.Lasted = time.Duration(max(0, min(*n.LastedSec, maxLasted.Seconds())) * float64(time.Second))
		}
	}
	return out
}

// maxLasted bounds what is believed of a document.
const maxLasted = 100 * 365 * 24 * time.Hour

// Zone is where people are; nil where that is not known.
func (c *Channel) Zone() *time.Location { return c.options.Zone }

// link leads to an incident, where the host has said where its pages are.
func (c *Channel) link(incidentID string) string {
	base, folder := c.options.DashboardURL, "/incident/"
	if base == "" {
		base, folder = c.options.AdminURL, "/incidents/"
	}
	if base == "" {
		return ""
	}
	base = strings.TrimRight(base, "/")
	if incidentID == "" {
		return base + "/"
	}
	return base + folder + url.PathEscape(incidentID)
}

// sayHealth logs what became of a message.
func (c *Channel) sayHealth(ctx context.Context, err error, permanent bool) {
	switch {
	case err == nil:
		if c.Log.Over("channel") {
			c.Log.InfoContext(ctx, "alerts can be sent again")
		}
	case permanent:
		c.Log.Once(ctx, slog.LevelError, "channel", "permanent", "alerts cannot be sent until somebody mends it", "error", hostcall.Text(err))
	default:
		c.Log.Once(ctx, slog.LevelWarn, "channel", hostcall.ClassOf(err), "a message was not sent", "error", hostcall.Text(err))
	}
}
