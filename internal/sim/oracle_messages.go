package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// claims: who claims a message waits until another's claim is over, who may be sending it.
func (r *record) claims(p *process, n *notice, v longrun.Notice) {
	was := n.ClaimedUntil
	if v.ClaimedUntil == nil || was != nil && v.ClaimedUntil.Equal(*was) {
		return // none, or the one that there is
	}
	if was != nil && n.claimer != p && time.Now().Before(was.Add(-late)) && !r.w.plan.Clocked() {
		r.accuse("messages", "%s claims %s %s, which %s has claimed until %s", p.name(), v.Kind, v.Key, n.claimer.name(), was.Format(time.TimeOnly))
	}
	n.claimer = p
}

// again: what came twice came so for a reason: the channel said that it did not, or who
// told it first could not write that down.
func (v *view) again(word string, first, second heard) {
	if v.w.plan.Clocked() || v.harmed(first.by, first.at, first.at, plan.Echo) {
		return
	}
	p := first.by
	gone := !p.ended.IsZero() && !p.ended.After(second.at)
	kept := append(slices.Clone(wayless), plan.Pause, plan.Erased)
	switch {
	case p == second.by:
		v.blame("messages", "%s is told twice by %s, who knows that the channel took it", word, p.name())
	case !gone && !v.w.plan.Liar && !v.harmed(p, first.at.Add(-time.Minute), second.at, kept...):
		v.blame("messages", "%s is told by %s, and then by %s", word, p.name(), second.by.name())
	}
}

// ordered: of what is said about one target nothing overtakes what was said before.
func (v *view) ordered(byWord map[string]*notice) {
	newest := map[string]*notice{}
	come := map[string]bool{}
	for _, h := range v.heardAll {
		word := string(h.Kind) + " " + h.Key
		n := byWord[word]
		if n == nil || come[word] {
			continue
		}
		come[word] = true
		topic := string(n.Rule) + " " + n.Target
		if last := newest[topic]; last != nil && seq(n) < seq(last) {
			v.blame("messages", "%s %s is told before %s %s", last.Kind, last.Key, n.Kind, n.Key)
			continue
		}
		newest[topic] = n
	}
}

// delivered: what was decided arrived, and nothing that was not; what came twice is
// the same, and was claimed before it came.
func (v *view) delivered() {
	byWord := map[string]*notice{}
	for _, id := range v.order {
		n := v.notices[id]
		if n == nil {
			continue
		}
		word := string(n.Kind) + " " + n.Key
		if byWord[word] != nil {
			v.blame("messages", "two share the key %s", word)
		}
		byWord[word] = n
	}
	texts, lasts := map[string]string{}, map[string]heard{}
	for _, h := range v.heardAll {
		if h.Rule == string(rules.StoreUnreachable) {
			continue // told directly, by each that sees it
		}
		word := string(h.Kind) + " " + h.Key
		n := byWord[word]
		if n == nil || n.decided.After(h.at) {
			v.blame("messages", "%s was told, and never decided", word)
			continue
		}
		if n.claimed.IsZero() || n.claimed.After(h.at) {
			v.blame("messages", "%s was told before it was claimed", word)
		}
		if known, again := texts[word]; again {
			if known != h.Text() {
				v.blame("messages", "%s came twice, and not the same:\n%s\n%s", word, known, h.Text())
			}
			v.again(word, lasts[word], h)
		}
		texts[word], lasts[word] = h.Text(), h
	}
	v.ordered(byWord)
	for _, id := range v.order {
		n := v.notices[id]
		if n == nil {
			continue
		}
		word := string(n.Kind) + " " + n.Key
		_, came := texts[word]
		switch {
		case n.State == longrun.Waiting:
			v.blame("messages", "%s waits at the end", word)
		case n.State == longrun.Sent && !came:
			v.blame("messages", "%s was sent, and never came", word)
		case !came && n.Kind != longrun.NoticeReminder && !v.saidLater(n):
			v.blame("messages", "%s is lost: %s", word, n.State)
		}
	}
}

// saidLater reports whether a later message about the same arrived.
func (v *view) saidLater(n *notice) bool {
	return slices.ContainsFunc(v.heardAll, func(h heard) bool {
		return h.Rule == string(n.Rule) && h.Target == n.Target && h.at.After(n.decided)
	})
}

// lastWords: what people heard last about anything is how it is.
func (v *view) lastWords() {
	open := map[string]string{}
	for _, in := range v.sorted() {
		topic := string(in.Rule) + " " + in.Target
		if in.TSEnd != nil {
			continue
		}
		if open[topic] != "" {
			v.blame("incidents", "two of %s are open", topic)
		}
		open[topic] = in.IncidentID
	}
	words := map[string][]*notice{}
	for _, id := range v.order {
		if n := v.notices[id]; n != nil && n.State == longrun.Sent {
			topic := string(n.Rule) + " " + n.Target
			words[topic] = append(words[topic], n)
		}
	}
	for topic, all := range words {
		slices.SortStableFunc(all, func(a, b *notice) int { return cmp.Compare(seq(a), seq(b)) })
		last := all[len(all)-1]
		if over := last.Until != nil; over == (open[topic] != "") && last.Kind != longrun.NoticeFlapping {
			v.blame("messages", "the last word about %s is %s %s, and it is open: %t", topic, last.Kind, last.Key, open[topic] != "")
		}
		for i, n := range all {
			if n.Kind == longrun.NoticeResolved && (i == 0 || all[i-1].Until != nil && all[i-1].Kind != longrun.NoticeFlapping) && !n.Untold {
				v.blame("messages", "%s is resolved and never fired", n.Key)
			}
		}
	}
}

// seq is the number at the end of a message's key.
func seq(n *notice) int {
	i, _ := strconv.Atoi(n.Key[strings.LastIndexByte(n.Key, '-')+1:])
	return i
}
