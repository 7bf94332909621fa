package outbox

import (
	"cmp"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
)

const (
	// minRetry is the pause after the first round that was refused; maxBackoff bounds
	// it.
	minRetry = time.Minute
	// pace is the pause between two messages of what is told late: five a minute.
	pace = 12 * time.Second
	// maxAlone is how often a message is refused alone until what came after it
	// about its target may be tried without it.
	maxAlone = 3
	// maxRefusals in a row are more than it takes to find messages that are at fault
	// themselves: it is the channel then.
	maxRefusals = 6
)

// retrial is when what is undelivered is tried again, and what of it. Nobody tells
// when a channel was mended: it is found out by trying, in rounds. First comes what
// fits into one message, what goes on first; where that is refused, one alone, since
// it may be one of them that is at fault and not the channel.
type retrial struct {
	clock clock.Clock // spreads its pauses

	at       time.Time // not before then; zero: at once
	took     time.Time // when some of it was last taken
	single   bool      // the next is one alone
	refusals int       // in a row
	rounds   int       // in a row, that were refused

	taken    int64     // what the channel had taken at the last look,
	settings time.Time // and of when the settings were

	refused map[string]int // how often each was,
	alone   map[string]int // and that alone
}

func newRetrial(clk clock.Clock, taken int64, settings time.Time) *retrial {
	return &retrial{clock: clk, taken: taken, settings: settings, refused: make(map[string]int), alone: make(map[string]int)}
}

// look takes note of what the channel has taken, whoever sent it, and of settings
// that somebody has changed, perhaps with more.
func (r *retrial) look(taken int64, settings time.Time) {
	switch {
	case taken != r.taken:
		if r.isOutage() { // that they were refused says nothing of them
			clear(r.refused)
			clear(r.alone)
		}
		r.refusals, r.rounds, r.single, r.at = 0, 0, false, r.took.Add(pace)
	case !settings.Equal(r.settings):
		r.at = time.Time{}
	}
	r.taken, r.settings = taken, settings
}

// isOutage reports whether it is the channel that refuses, and no one message's
// fault.
func (r *retrial) isOutage() bool { return r.refusals >= maxRefusals }

// atFault reports whether a message was refused so often alone that others go on
// without it.
func (r *retrial) atFault(id string) bool { return r.alone[id] >= maxAlone && !r.isOutage() }

// refuse takes note that messages were refused for good together. ours tells that
// nothing else was among them.
func (r *retrial) refuse(ids []string, ours bool, now time.Time) {
	for _, id := range ids {
		r.refused[id]++
		if len(ids) == 1 {
			r.alone[id]++
		}
	}
	r.refusals++
	switch {
	case !ours && r.at.After(now): // what is new is tried when it comes, and holds no other up
	case ours && len(ids) > 1:
		r.single, r.at = true, now.Add(pace)
	default:
		r.rounds++
		r.single, r.at = false, now.Add(spread(r.clock, min(minRetry<<min(r.rounds-1, 10), maxBackoff)))
	}
}

// putOff takes note that the channel neither took nor refused some of it.
func (r *retrial) putOff(until time.Time) { r.single, r.at = false, until }

func (r *retrial) forget(id string) {
	delete(r.refused, id)
	delete(r.alone, id)
}

// leftUntil is how long it is until the next try. No clock that was set back makes
// it longer than a pause is.
func (r *retrial) leftUntil(now time.Time) time.Duration {
	if left := r.at.Sub(now); left <= maxQuiet+time.Minute {
		return left
	}
	return 0
}

// topic is what is undelivered about one rule and target, and may be tried.
type topic struct {
	words []*longrun.Notice // the oldest first
	rank  int               // what goes on first, then what is over; the worst of it first
}

// late returns the undelivered messages that are to be tried now, how many there
// are, and how long it is until there is something to try.
func (o *Outbox) late(now time.Time) (due []*longrun.Notice, all int, wait time.Duration) {
	wait = Idle
	if n, _ := o.Undelivered(); n == 0 {
		return nil, 0, wait
	}
	if left := o.again.leftUntil(now); left > 0 {
		return nil, 0, left
	}
	var topics []topic
	for _, words := range o.words() {
		t, left := o.tryable(words, now)
		wait = min(wait, left)
		if len(t.words) > 0 {
			topics = append(topics, t)
			all += len(t.words)
		}
	}
	if all == 0 {
		return nil, 0, wait
	}
	slices.SortFunc(topics, func(a, b topic) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), older(a.words[0], b.words[0]))
	})
	if !o.again.single {
		for _, t := range topics {
			due = append(due, o.again.together(t.words)...)
		}
	}
	if len(due) == 0 {
		due = []*longrun.Notice{o.again.one(topics)}
	}
	return due[:min(len(due), maxTogether)], all, wait
}

// tryable returns what may be tried of words, which are about one target, and how
// long it is until more may be.
func (o *Outbox) tryable(words []*longrun.Notice, now time.Time) (t topic, wait time.Duration) {
	wait = Idle
	for _, n := range words {
		if left := untilDue(n, now); left > 0 {
			wait = left
			break
		}
		if n.State == longrun.Undelivered && o.tellable(n) {
			t.words = append(t.words, n)
		}
	}
	if len(t.words) > 0 {
		last := t.words[len(t.words)-1]
		if saysOver(last) {
			t.rank = 2
		}
		if last.Severity != longrun.Critical {
			t.rank++
		}
	}
	return t, wait
}

// together returns what may be tried with others of what is undelivered about one
// target: not what was refused alone, unless that was the channel's fault, and
// nothing that would overtake it but after long.
func (r *retrial) together(words []*longrun.Notice) (ready []*longrun.Notice) {
	if r.isOutage() {
		return words
	}
	for _, n := range words {
		switch times := r.alone[n.NoticeID]; {
		case times == 0:
			ready = append(ready, n)
		case times < maxAlone:
			return ready
		}
	}
	return ready
}

// one returns the message that is to be tried alone: whichever was so least often,
// and of those the one that was refused most.
func (r *retrial) one(topics []topic) (best *longrun.Notice) {
	for _, t := range topics {
		for _, n := range t.words {
			if best == nil || cmp.Or(cmp.Compare(r.alone[n.NoticeID], r.alone[best.NoticeID]), cmp.Compare(r.refused[best.NoticeID], r.refused[n.NoticeID])) < 0 {
				best = n
			}
			if r.alone[n.NoticeID] < maxAlone {
				break // nothing overtakes it
			}
		}
	}
	return best
}
