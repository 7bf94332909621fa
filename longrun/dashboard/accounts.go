package dashboard

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// manner is how an account can be: its shape, its tone, its words, and what to do.
type manner struct{ Shape, Tone, Word, Next string }

// manners are the states of accounts, the worst first.
var manners = []struct { //nolint:gochecknoglobals // never changed
	state string
	manner
}{
	{"banned", manner{"bar", "bad", "Banned", "WhatsApp does not let it connect. The phone says why."}},
	{"needs_qr", manner{"qr", "bad", "Needs a QR scan", "It stays out until somebody scans the QR code again."}},
	{"outdated", manner{"stop", "bad", "Client out of date", "WhatsApp refuses this version of the library: update it."}},
	{"stopped", manner{"stop", "bad", "Stopped", "It does not connect by itself."}},
	{"reconnecting", manner{"again", "warn", "Reconnecting", "It connects again by itself."}},
	{"degraded", manner{"half", "warn", "Degraded", "It is connected, and its keepalives go unanswered."}},
	{"restricted", manner{"bar", "warn", "Restricted", "WhatsApp lets it start no new chats. Replies still go out."}},
	{"", manner{"ask", "mute", "Not told", "The host does not say how it is."}},
	{"connected", manner{"ok", "ok", "Connected", ""}},
}

// stateOf is an account's state, restrictions and bans among them.
func stateOf(a *longrun.AccountStatus, now time.Time) string {
	switch {
	case a.Banned.Lasts(now):
		return "banned"
	case a.State == "connected" && a.Restricted.Lasts(now):
		return "restricted"
	case a.State == "" && a.LoggedOut:
		return "needs_qr"
	}
	for _, m := range manners {
		if m.state == a.State {
			return a.State
		}
	}
	return ""
}

// group are accounts in one state, for one cause, since about the same time.
type group struct {
	manner
	Names  []string // the first of them
	More   []string
	Since  string
	Reason string
}

// tally counts the accounts in one state.
type tally struct {
	manner
	N int
}

// accountsView is what is said of accounts.
type accountsView struct {
	Total, Good int
	Tally       []tally
	Groups      []group
	Connected   []string
	// Named is false where the host names none, and the counts are of the last beat.
	Named bool
	Known bool
}

// Few says that the connected ones are shown one by one.
func (a accountsView) Few() bool { return len(a.Connected) < 25 }

// maxNames is how many names stand in a row before the rest is folded.
const maxNames = 12

// accounts says how the accounts are.
func (k *known) accounts() accountsView {
	v := accountsView{Named: len(k.Status.Accounts) > 0}
	counts := map[string]int{}
	if !v.Named {
		if k.Beat == nil || k.Beat.StatusError != "" {
			return v
		}
		v.Known = true
		counts["connected"], counts["reconnecting"], counts["needs_qr"] = int(k.Beat.ConnectedCount), int(k.Beat.ReconnectingCount), int(k.Beat.NeedsQRCount)
		for _, state := range []string{"degraded", "stopped", "banned"} {
			counts[state] = int(k.Beat.Counts[state])
		}
	}
	v.Known = v.Known || v.Named
	type key struct {
		state, reason string
		since         int64
	}
	grouped := map[key]*group{}
	var order []key
	for i := range k.Status.Accounts {
		a := &k.Status.Accounts[i]
		state, name := stateOf(a, k.At), visible.Line(a.ID, 60)
		counts[state]++
		if state == "connected" {
			v.Connected = append(v.Connected, name)
			continue
		}
		at := key{state, visible.Line(a.Reason, 100), a.Since.Truncate(5 * time.Minute).Unix()}
		g := grouped[at]
		if g == nil {
			g = &group{Reason: at.reason}
			if !a.Since.IsZero() {
				g.Since = k.clock(a.Since) + ", " + lasting(k.At.Sub(a.Since))
			}
			grouped[at] = g
			order = append(order, at)
		}
		if len(g.Names) < maxNames {
			g.Names = append(g.Names, name)
		} else {
			g.More = append(g.More, name)
		}
	}
	rank := func(state string) int {
		for i, m := range manners {
			if m.state == state {
				return i
			}
		}
		return len(manners)
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(cmp.Compare(rank(a.state), rank(b.state)), cmp.Compare(b.since, a.since))
	})
	for _, at := range order {
		g := grouped[at]
		g.manner = manners[rank(at.state)].manner
		v.Groups = append(v.Groups, *g)
	}
	slices.Sort(v.Connected)
	for _, m := range manners {
		if n := counts[m.state]; n > 0 {
			v.Tally = append(v.Tally, tally{m.manner, n})
			v.Total += n
		}
	}
	v.Good = counts["connected"]
	return v
}

// notConnected counts the accounts that are not.
func (k *known) notConnected() (n int) {
	if len(k.Status.Accounts) == 0 {
		if k.Beat == nil {
			return 0
		}
		return int(k.Beat.ReconnectingCount + k.Beat.NeedsQRCount)
	}
	for i := range k.Status.Accounts {
		if state := stateOf(&k.Status.Accounts[i], k.At); state != "connected" && state != "" && state != "restricted" {
			n++
		}
	}
	return n
}
