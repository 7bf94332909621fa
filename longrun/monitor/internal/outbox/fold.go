package outbox

import (
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// maxEnds bounds the ends of incidents that one target keeps: where a channel
// refuses nothing but those, they do not pile up.
const maxEnds = 3

// fold makes of what is unsent about one rule and target, once some of it could
// not be delivered, as little as says the truth, and reports whether that is done;
// not while somebody may be sending a part of it. What is left is
//
//   - of each incident whose beginning people were told of, the end, as soon as
//     there is one;
//   - behind it, one message about the newest other incident: that it began, while
//     it goes on, or its end, which says then that it began too. Two messages would
//     call somebody for what is over.
//
// How many incidents nobody is told of stands in the last message. A reminder of
// what people were not told of is none.
func (o *Outbox) fold(words []*longrun.Notice) bool {
	if !slices.ContainsFunc(words, func(n *longrun.Notice) bool { return n.State == longrun.Undelivered }) {
		return true
	}
	now := o.Clock.Now()
	if slices.ContainsFunc(words, func(n *longrun.Notice) bool { return o.busy(n, now) }) {
		return false
	}
	var left []*longrun.Notice // one of each incident, in their order
	for len(words) > 0 {
		of := words[0].IncidentID
		rest := slices.DeleteFunc(slices.Clone(words), func(n *longrun.Notice) bool { return n.IncidentID == of })
		words = slices.DeleteFunc(words, func(n *longrun.Notice) bool { return n.IncidentID != of })
		left, words = append(left, o.foldIncident(words)), rest
	}
	last := left[len(left)-1]
	left = left[:len(left)-1]
	ends := 0
	for _, n := range slices.Backward(left) {
		if told := saysOver(n) && !n.Untold; told && ends < maxEnds {
			ends++
			continue
		}
		o.drop(n, longrun.Obsolete, "a later message says more")
		o.inherit(last, n)
		if n.Kind != longrun.NoticeReminder { // of that people know
			last.More++
		}
	}
	return true
}

// foldLoose folds what may be to be folded.
func (o *Outbox) foldLoose() {
	if len(o.loose) == 0 {
		return
	}
	words := o.words()
	for key := range o.loose {
		if o.fold(words[key]) {
			delete(o.loose, key)
		}
	}
}

// words are what is unsent by what it is about, in the order of their numbers.
func (o *Outbox) words() map[Key][]*longrun.Notice {
	all := make(map[Key][]*longrun.Notice)
	for _, n := range o.unsent {
		all[keyOf(n)] = append(all[keyOf(n)], n)
	}
	for _, words := range all {
		slices.SortFunc(words, before)
	}
	return all
}

// foldIncident leaves one message of those about one incident.
func (o *Outbox) foldIncident(words []*longrun.Notice) *longrun.Notice {
	var begin, reminder, end *longrun.Notice
	for _, n := range words {
		slot := &begin
		switch {
		case saysOver(n):
			slot = &end
		case n.Kind == longrun.NoticeReminder:
			slot = &reminder
		}
		if *slot != nil { // which nobody decides; the newest is the truest
			o.drop(*slot, longrun.Obsolete, "a later message says more")
		}
		*slot = n
	}
	if begin != nil && end != nil && begin.SentAt != nil { // some channel took it
		o.drop(begin, longrun.Sent, begin.Error)
		begin = nil
	}
	switch {
	case end != nil:
		if reminder != nil {
			o.drop(reminder, longrun.Obsolete, "it is over")
		}
		if begin != nil {
			o.drop(begin, longrun.Obsolete, "the message of its end says both")
			o.inherit(end, begin)
			end.Untold = true
			o.note(end)
		}
		return end
	case begin != nil:
		if reminder != nil {
			o.drop(reminder, longrun.Obsolete, "that it began was not told yet")
		}
		return begin
	}
	return reminder
}

// saysOver reports whether a message says that what it is about has ended: a
// resolved one, and one of what flaps and is well now.
func saysOver(n *longrun.Notice) bool { return n.Kind == longrun.NoticeResolved || n.Until != nil }

// inherit has a message say what one said that is closed for its sake.
func (o *Outbox) inherit(n, closed *longrun.Notice) {
	n.More += closed.More
	if since := closed.UndeliveredSince; since != nil && (n.UndeliveredSince == nil || since.Before(*n.UndeliveredSince)) {
		n.UndeliveredSince = since
	}
	o.note(n)
}
