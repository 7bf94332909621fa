package live

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Status says how it is now.
type Status struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`
}

// Help is what longctl status --help says beside the flags.
func (Status) Help() string {
	return `Who leads, the newest beat, the last 24 hours, and what is open. Whoever wants a
verdict asks longctl report --strict.

Examples:

    longctl status
    longctl status --server http://127.0.0.1:8080 --format json`
}

// lockRow is what a list of locks says of one.
type lockRow struct {
	HolderInstanceID string    `json:"holderInstanceId"`
	Owner            string    `json:"owner"`
	Epoch            int64     `json:"epoch"`
	LeaseUntil       time.Time `json:"leaseUntilTs"`
}

// now is how it is.
type now struct {
	Locks     []lockRow          `json:"locks"`
	Heartbeat *beat              `json:"lastHeartbeat"`
	Coverage  json.RawMessage    `json:"coverage"` // of the last 24 hours
	Open      []longrun.Incident `json:"openIncidents"`
	Silences  []longrun.Silence  `json:"silences"`
}

// Run says it.
func (c Status) Run(ctx context.Context, out io.Writer) error {
	d, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer d.end()
	var n now
	if err := n.read(ctx, d); err != nil {
		return err
	}
	return c.show(out, n, n.text)
}

func (n *now) read(ctx context.Context, d *door) error {
	locks, err := ask[lockRow](ctx, d, "locks", nil)
	if err != nil {
		return err
	}
	beats, err := ask[beat](ctx, d, "heartbeats", url.Values{"limit": {"1"}})
	if err != nil {
		return err
	}
	open, err := ask[longrun.Incident](ctx, d, "incidents", url.Values{"open": {"true"}, "limit": {"50"}})
	if err != nil {
		return err
	}
	silences, err := ask[longrun.Silence](ctx, d, "silences", url.Values{"active": {"true"}})
	if err != nil {
		return err
	}
	var day struct {
		Coverage json.RawMessage `json:"coverage"`
	}
	if err := d.ask(ctx, http.MethodGet, "/coverage", url.Values{"window": {"24h"}}, nil, &day); err != nil {
		return err
	}
	n.Locks, n.Open, n.Silences, n.Coverage = locks.items, open.items, silences.items, day.Coverage
	if len(beats.items) > 0 {
		n.Heartbeat = &beats.items[0]
	}
	return nil
}

func (n now) text(s *sheet) {
	leader := "nobody"
	for _, l := range n.Locks {
		until := or(l.HolderInstanceID) + ", epoch " + strconv.FormatInt(l.Epoch, 10)
		switch {
		case l.Owner == "":
			leader = "nobody; the last was " + until
		case l.LeaseUntil.Before(time.Now()):
			leader = "nobody; the last was " + until + ", which did not say that it ended; its lease was over at " + instant(l.LeaseUntil)
		default:
			leader = until + ", lease until " + instant(l.LeaseUntil)
		}
	}
	s.row("leader", leader)
	if n.Heartbeat == nil {
		s.row("last beat", "none")
	} else {
		health := "healthy"
		switch h := n.Heartbeat.Healthy; {
		case h == nil:
			health = "health not known"
		case !*h:
			health = "unhealthy"
		}
		s.row("last beat", instant(n.Heartbeat.TS)+", of "+or(n.Heartbeat.InstanceID)+", "+health)
	}
	var day struct {
		Expected int64 `json:"expected"`
		Written  int64 `json:"written"`
		Healthy  int64 `json:"healthy"`
	}
	if json.Unmarshal(n.Coverage, &day) == nil {
		s.row("24 hours", fmt.Sprintf("%d slots, %d of them written, %d good", day.Expected, day.Written, day.Healthy))
	}
	s.row("open", strconv.Itoa(len(n.Open))+" incidents")
	for _, i := range n.Open {
		s.row("", instant(i.TSStart)+" "+string(i.Severity)+" "+string(i.Rule)+" "+i.Summary)
	}
	for _, silence := range n.Silences {
		s.row("silence", silence.SilenceID+" until "+instant(silence.Until)+" "+silence.Reason)
	}
}
