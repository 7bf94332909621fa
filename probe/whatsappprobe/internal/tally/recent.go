package tally

// event is something about somebody, at a time.
type event struct{ of, who, at uint32 }

// recent is the last events of a kind, in a ring that is made when the first comes:
// most accounts never have one. The zero event is none.
type recent struct {
	next   uint8
	events []event
}

const maxRecent = 16

// put adds one, and returns the one whose place it takes.
func (r *recent) put(e event) (oldest event) {
	if r.events == nil {
		r.events = make([]event, maxRecent)
	}
	oldest = r.events[r.next]
	r.events[r.next] = e
	r.next = (r.next + 1) % maxRecent
	return oldest
}

// take removes the events of an ID, and reports whether there was one.
func (r *recent) take(of uint32) (e event, found bool) {
	for i := range r.events {
		if r.events[i].at != 0 && r.events[i].of == of {
			e, found = r.events[i], true
			r.events[i] = event{}
		}
	}
	return e, found
}

func (r *recent) has(of uint32) bool {
	for i := range r.events {
		if r.events[i].at != 0 && r.events[i].of == of {
			return true
		}
	}
	return false
}

// people returns how many there were in the last seconds, and when the first and the
// last event was.
func (r *recent) people(now, seconds uint32) (n int64, first, last uint32) {
	for i, e := range r.events {
		if !within(e.at, now, seconds) {
			continue
		}
		if first == 0 || e.at < first {
			first = e.at
		}
		last = max(last, e.at)
		n++
		for _, other := range r.events[:i] {
			if other.who == e.who && within(other.at, now, seconds) {
				n--
				break
			}
		}
	}
	return n, first, last
}
