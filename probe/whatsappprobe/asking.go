package whatsappprobe

import (
	"context"
	"maps"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// asked is a client that can be asked how it is. *whatsmeow.Client is one. The answers
// may take seconds.
type asked interface {
	IsConnected() bool
	IsLoggedIn() bool
}

const (
	askEvery = 15 * time.Second
	// askSoon is how long after a change a client is asked, and askAgain how long after
	// it contradicts what its events say.
	askSoon  = time.Second
	askAgain = 5 * time.Second
	// keepEvery is how often Memory is looked at.
	keepEvery = time.Minute
)

// Run asks the clients every 15 seconds how they are, so that an account is told as it
// is even where an event was never made, as by a Disconnect of the host's own, or came
// late; and it keeps Memory. It blocks until ctx has ended; call it once. A client that
// does not answer is asked no second time until it does: one such call may outlive Run,
// for as long as the client takes.
//
// Without Run, events and the client's log are all that is known, and a host that calls
// Disconnect has its account seem connected.
func (a *Accounts) Run(ctx context.Context) {
	ticker := a.opts.Clock.Ticker(time.Second)
	defer ticker.Stop()
	defer a.remember()
	kept := a.opts.Clock.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := a.opts.Clock.Now()
		for _, t := range a.all() {
			a.askWhenDue(t, now)
		}
		if now.Sub(kept) >= keepEvery || now.Before(kept) {
			kept = now
			a.remember()
		}
	}
}

func (a *Accounts) askWhenDue(t *tracked, now time.Time) {
	if t.client == nil {
		return
	}
	t.mu.Lock()
	due := !t.asking && (!now.Before(t.ask) || t.ask.Sub(now) > askEvery)
	if due {
		t.asking = true
	}
	t.mu.Unlock()
	if !due {
		return
	}
	spawn.Start("whatsappprobe: ask", func() error {
		connected, loggedIn := false, false
		err := spawn.Guard("whatsappprobe: ask", func() error {
			connected = t.client.IsConnected()
			loggedIn = t.client.IsLoggedIn()
			return nil
		})
		again := askEvery
		if err == nil {
			a.change(t, func(f *tracker.Follower, now time.Time) bool { return f.Asked(connected, loggedIn, now) })
			if !connected {
				again = askAgain
			}
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.asking, t.ask = false, a.opts.Clock.Now().Add(again)
		return err
	})
}

// remember keeps what is known of all accounts now. Of one that is not connected here,
// another process may know more, which has it: what that wrote is taken, but for what was
// heard here meanwhile.
func (a *Accounts) remember() {
	if !a.memory.Is() {
		return
	}
	known, others := a.memory.Read()
	now := a.opts.Clock.Now()
	all := make(map[string]tracker.Memory, len(known))
	maps.Copy(all, known)
	for _, t := range a.all() {
		t.mu.Lock()
		if theirs, ok := known[t.id]; ok && others && t.follower.Account.State != Connected {
			t.follower.Recall(theirs.Amended(t.follower.Remember(now), t.kept), now)
		}
		all[t.id] = t.follower.Remember(now)
		t.kept = all[t.id].Heard()
		t.mu.Unlock()
	}
	a.memory.Keep(all)
}
