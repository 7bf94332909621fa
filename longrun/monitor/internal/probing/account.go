package probing

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

const (
	// burst is how many early probes of an account may come at once, and refill how
	// long it takes until there is one more.
	burst  = 4
	refill = time.Hour
	// maxADay is how many probes there are within a day before early ones wait; what
	// confirms a FAIL is not counted, and the schedule keeps its times. From many of
	// them on they come one by one, so that there is no long pause at the end.
	maxADay = 24
	many    = 21
	reserve = 8
	day     = 24 * time.Hour
	// maxTries is how many probes a suspicion is worth: those behind the first one
	// confirm a FAIL, soon, or try again what could not be told, later.
	maxTries    = 3
	afterFail   = 30 * time.Second
	afterUntold = 10 * time.Minute
	// maxReason bounds the word why, in bytes.
	maxReason = 60
)

// account is what is known of an account that has probes. It is under Schedule.mu.
type account struct {
	id   string // as the host names it
	jobs []*job

	// As the host said last; named says that it told of the account at all.
	named              bool
	suspect            longrun.Suspect
	restricted, banned longrun.Restriction
	wasOff             time.Time // when it was heard last that no probe is made

	// Of the suspicion that was taken up last.
	taken longrun.Suspect
	job   *job
	step  time.Duration // how far apart early probes are where there are many
	tries int
	again time.Time // when it is tried again; zero where it is not

	tokens float64 // of early probes, at filled
	filled time.Time
	made   []time.Time // probes of the last day, the newest maxADay, oldest first
}

// Heard tells what the host says of its accounts, at each beat. An account that it
// does not name is not suspected, restricted or banned.
func (s *Schedule) Heard(accounts []longrun.AccountStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = true
	if len(s.accounts) == 0 {
		return
	}
	for _, a := range s.accounts {
		a.say(longrun.AccountStatus{})
	}
	now := s.Clock.Now()
	for i := range accounts {
		switch a := s.accounts[accounts[i].ID]; {
		case a == nil:
		case a.named:
			a.sayMore(&accounts[i], now)
		default:
			a.say(accounts[i])
			a.named = true
		}
	}
	for _, a := range s.accounts {
		if a.off(now) != "" {
			a.wasOff = now
		}
	}
	s.wake()
}

// say takes what the host says of the account.
func (a *account) say(said longrun.AccountStatus) {
	a.named = false
	a.suspect, a.restricted, a.banned = said.Suspect, said.Restricted, said.Banned
	a.suspect.Since = a.suspect.Since.UTC().Truncate(time.Microsecond) // as results are stored, and comparable
	if a.suspect.Reason != a.taken.Reason {                            // what was taken up is clean
		a.suspect.Reason = hostcall.Line(a.suspect.Reason, maxReason)
	}
}

// sayMore takes what the host says of another account by the same name: they are one, from
// which must not be written while one of them must not.
func (a *account) sayMore(said *longrun.AccountStatus, now time.Time) {
	if said.Restricted.Lasts(now) {
		a.restricted = said.Restricted
	}
	if said.Banned.Lasts(now) {
		a.banned = said.Banned
	}
}

// off says why no probe of the account is made; empty where they are.
func (a *account) off(now time.Time) string {
	for _, r := range []struct {
		is   string
		time longrun.Restriction
	}{{"banned", a.banned}, {"restricted", a.restricted}} {
		switch {
		case !r.time.Lasts(now):
		case r.time.Until.IsZero():
			return "the account is " + r.is
		default:
			return "the account is " + r.is + " until " + r.time.Until.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// early returns the probe that a suspicion asks for and when it may be made; nil
// where there is none to make.
func (a *account) early(now time.Time) (*job, time.Time) {
	if !a.again.IsZero() {
		return a.job, a.again
	}
	if a.suspect.Since.IsZero() || a.suspect == a.taken {
		return nil, time.Time{}
	}
	j := a.asked(a.suspect.Reason)
	if j == nil || j.answered(a.suspect) {
		return nil, time.Time{}
	}
	return j, a.allowed(a.suspect.Reason, now)
}

// asked is the probe that a reason asks for: of the type that it is about, or else
// whichever there is. Those of longrun.Queue, which send many messages, come last.
func (a *account) asked(reason string) *job {
	wanted := longrun.Inbound
	if reason == "no_ack" || reason == "undelivered" {
		wanted = longrun.Outbound
	}
	var best *job
	worth := func(j *job) int {
		switch j.Type {
		case wanted:
			return 2
		case longrun.Queue:
			return 0
		default:
			return 1
		}
	}
	for _, j := range a.jobs {
		if j.Prober != nil && (best == nil || worth(j) > worth(best)) {
			best = j
		}
	}
	return best
}

// answered reports whether a result of the suspicion is known, made by another
// instance or before a restart.
func (j *job) answered(s longrun.Suspect) bool {
	return slices.ContainsFunc(j.recent, func(p longrun.Probe) bool {
		return p.Trigger == longrun.Suspicion && p.Reason == s.Reason && !p.TS.Before(s.Since)
	})
}

// allowed is when the next early probe may begin that is made for a reason.
func (a *account) allowed(reason string, now time.Time) time.Time {
	at := now
	if tokens := a.tokensAt(now); tokens < 1 {
		at = now.Add(time.Duration((1 - tokens) * float64(refill)))
	}
	n := len(a.made)
	for n > 0 && now.Sub(a.made[len(a.made)-n]) >= day {
		n--
	}
	many := many
	if reason == "idle" || reason == "connected" {
		many -= a.silences(now)
	}
	if n >= many && n < maxADay {
		// What is left until the first of them is a day old, in equal parts.
		first, last := a.made[len(a.made)-n], a.made[len(a.made)-1]
		part := first.Add(day).Sub(last) / time.Duration(maxADay-n+1)
		at = room.Latest(at, last.Add(max(a.step, part)))
	}
	if n >= maxADay {
		at = room.Latest(at, a.made[len(a.made)-maxADay].Add(day))
	}
	return at
}

// silences is for how many probes the day keeps room, since the account had as many
// silences within one that stood out: at most reserve. Those of the night, when nobody
// writes, would else use up what the day needs.
func (a *account) silences(now time.Time) (n int) {
	for _, j := range a.jobs {
		for _, p := range slices.Backward(j.recent) {
			if now.Sub(p.TS) >= day || n == reserve {
				break
			}
			if p.Trigger == longrun.Suspicion && p.Reason == "silence" {
				n++
			}
		}
	}
	return n
}

// share sets how far apart early probes are where there are many: what the schedules
// of the account's probes leave of a day, in equal parts. An early probe stands for one
// of its own schedule.
func (s *Schedule) share(a *account, early *job) {
	left := maxADay
	for _, j := range a.jobs {
		if j != early && j.Prober != nil {
			left -= int((day + s.scheduleOf(j).Every - 1) / s.scheduleOf(j).Every)
		}
	}
	a.step = day / time.Duration(max(left, 1))
}

func (a *account) tokensAt(now time.Time) float64 {
	if a.filled.IsZero() || a.filled.After(now) {
		return burst
	}
	return min(a.tokens+float64(now.Sub(a.filled))/float64(refill), burst)
}

// take notes that the suspicion is taken up with j now.
func (a *account) take(j *job, now time.Time) {
	if a.again.IsZero() {
		a.taken, a.job, a.tries = a.suspect, j, 0
	}
	if a.tries == 0 || !j.failedLast() {
		a.spend(now)
		a.began(now)
	}
	a.again = time.Time{}
	a.tries++
}

// spend takes a token.
func (a *account) spend(now time.Time) {
	a.tokens, a.filled = max(0, a.tokensAt(now)-1), now
}

// began notes a probe that nobody asked for by hand. The one that confirms another, in
// a row of a suspicion, is none.
func (a *account) began(now time.Time) {
	a.made = slices.DeleteFunc(a.made, func(at time.Time) bool { return now.Sub(at) >= day || at.After(now) })
	if n := len(a.made); n >= maxADay {
		a.made = slices.Delete(a.made, 0, n-maxADay+1)
	}
	a.made = append(a.made, now)
}

// learn notes what came of a probe: an early one is tried again while it is not known
// whether a FAIL is one in enough of a row, or while nobody could tell. A FAIL of the
// schedule is a suspicion, too, where the host tells of the account.
func (a *account) learn(j *job, p longrun.Probe, now time.Time, enough int64) {
	if p.Trigger != longrun.Suspicion {
		if p.Result != longrun.Fail || !a.named || !a.again.IsZero() {
			return
		}
		a.taken, a.job, a.tries = longrun.Suspect{Since: p.TS, Reason: failed}, j, 1
	}
	switch {
	case a.tries >= maxTries:
	case p.Result == longrun.Fail && j.fails() < enough:
		a.again = now.Add(afterFail)
	case p.Result == longrun.Inconclusive && p.ErrorClass != "not_configured":
		a.again = now.Add(afterUntold)
	}
}

// failed is the reason of an early probe behind a FAIL of the schedule.
const failed = "failed"

// fails counts the newest FAILs in a row, as the rules do.
func (j *job) fails() (n int64) {
	for _, p := range slices.Backward(j.recent) {
		switch p.Result {
		case longrun.Pass:
			return n
		case longrun.Fail:
			n++
		case longrun.Inconclusive:
		}
	}
	return n
}

// failedLast reports whether the newest result that tells anything is a FAIL: then
// another is confirmed by it.
func (j *job) failedLast() bool { return j.fails() > 0 }

// remember takes the number and the tokens of earlier results into account.
func (a *account) remember(results []result, now time.Time) {
	slices.SortStableFunc(results, func(x, y result) int { return x.at.Compare(y.at) })
	a.made, a.tokens, a.filled = nil, burst, time.Time{}
	for _, r := range results {
		if r.probe.Trigger == longrun.ByHand || r.at.After(now) || now.Sub(r.at) >= day {
			continue
		}
		a.began(r.at)
		if r.probe.Trigger == longrun.Suspicion {
			a.spend(r.at)
		}
	}
}
