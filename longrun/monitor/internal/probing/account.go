package probing

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

const (
	// burst is how many early probes of an account may come at once, and refill how
	// long it takes until there is one more.
	burst  = 4
	refill = time.Hour
	// maxADay is how many messages of probes there are within a day, before early ones
	// wait. One that fails is confirmed all the same, and the schedule keeps its times.
	maxADay = 24
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
	jobs []*job

	// As the host said last.
	suspect            longrun.Suspect
	restricted, banned longrun.Restriction
	wasOff             time.Time // when it was heard last that no probe is made

	// Of the suspicion that was taken up last.
	taken longrun.Suspect
	job   *job
	tries int
	again time.Time // when it is tried again; zero where it is not

	tokens   float64 // of early probes, at filled
	filled   time.Time
	messages []time.Time // of the last day, the newest maxADay, oldest first
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
		if a := s.accounts[accounts[i].ID]; a != nil {
			a.say(accounts[i])
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
	a.suspect, a.restricted, a.banned = said.Suspect, said.Restricted, said.Banned
	a.suspect.Since = a.suspect.Since.UTC().Truncate(time.Microsecond) // as results are stored, and comparable
	if a.suspect.Reason != a.taken.Reason {                            // what was taken up is clean
		a.suspect.Reason = hostcall.Line(a.suspect.Reason, maxReason)
	}
}

// off says why no probe of the account is made; empty where they are.
func (a *account) off(now time.Time) string {
	for _, r := range []struct {
		is   string
		time longrun.Restriction
	}{{"banned", a.banned}, {"restricted", a.restricted}} {
		switch {
		case r.time.From.IsZero() || !r.time.Until.IsZero() && !now.Before(r.time.Until):
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
	return j, a.allowed(now)
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

// allowed is when the next early probe may begin.
func (a *account) allowed(now time.Time) time.Time {
	at := now
	if tokens := a.tokensAt(now); tokens < 1 {
		at = now.Add(time.Duration((1 - tokens) * float64(refill)))
	}
	most := max(maxADay-len(a.jobs), 1) // the schedule's next ones have their room
	if n := len(a.messages); n >= most {
		if free := a.messages[n-most].Add(day); free.After(at) {
			at = free
		}
	}
	return at
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
	}
	a.again = time.Time{}
	a.tries++
}

// spend takes a token.
func (a *account) spend(now time.Time) {
	a.tokens, a.filled = max(0, a.tokensAt(now)-1), now
}

// sent notes a message of a probe that nobody asked for by hand.
func (a *account) sent(now time.Time) {
	a.messages = slices.DeleteFunc(a.messages, func(at time.Time) bool { return now.Sub(at) >= day || at.After(now) })
	if n := len(a.messages); n >= maxADay {
		a.messages = slices.Delete(a.messages, 0, n-maxADay+1)
	}
	a.messages = append(a.messages, now)
}

// learn notes what came of an early probe: it is tried again while it is not known
// whether a FAIL is one in enough of a row, or while nobody could tell.
func (a *account) learn(p longrun.Probe, now time.Time, enough int64) {
	switch {
	case a.tries >= maxTries:
	case p.Result == longrun.Fail && a.job.fails() < enough:
		a.again = now.Add(afterFail)
	case p.Result == longrun.Inconclusive && p.ErrorClass != "not_configured":
		a.again = now.Add(afterUntold)
	}
}

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

// remember takes the messages and tokens of earlier results into account.
func (a *account) remember(results []result, now time.Time) {
	slices.SortStableFunc(results, func(x, y result) int { return x.at.Compare(y.at) })
	a.messages, a.tokens, a.filled = nil, burst, time.Time{}
	for _, r := range results {
		if r.probe.Trigger == longrun.ByHand || r.at.After(now) || now.Sub(r.at) >= day {
			continue
		}
		for range max(len(r.probe.Attempts), 1) {
			a.sent(r.at)
		}
		if r.probe.Trigger == longrun.Suspicion {
			a.spend(r.at)
		}
	}
}
