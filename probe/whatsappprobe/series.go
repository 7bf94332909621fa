package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
)

// series is several messages on their way, in their order.
type series struct {
	of            int
	start, handed time.Time
}

// lingering is how long a series that is complete is listened for: what comes
// twice comes at once, mostly. Later it is not seen.
const lingering = time.Second

type places = []sending.Heard[int]

// missing is how many messages of the series did not come.
func (s series) missing(got places) int {
	seen, n := make([]bool, s.of+1), 0
	for _, h := range got {
		if !seen[h.What] {
			seen[h.What] = true
			n++
		}
	}
	return s.of - n
}

// twice returns the first message that came once more.
func (s series) twice(got places) (place int, ok bool) {
	seen := make([]bool, s.of+1)
	for _, h := range got {
		if seen[h.What] {
			return h.What, true
		}
		seen[h.What] = true
	}
	return 0, false
}

// decided reports whether more messages would change nothing but, for a series
// that is complete, come twice.
func (s series) decided(got places) bool {
	_, twice := s.twice(got)
	return twice || s.missing(got) == 0
}

// collect waits for the series, and says what was wrong with it.
func (p *queue) collect(ctx context.Context, span *sending.Span, s series, record *sending.Record[int]) (probe.Result, error) {
	got, over := record.Await(span, 0, s.decided)
	_, twice := s.twice(got)
	if s.missing(got) == 0 && !twice && !span.Ended() {
		got, over = record.Await(span, lingering, func(got places) bool { _, twice := s.twice(got); return twice })
	}
	r := probe.Result{
		Status: probe.Fail, Latency: over.Sub(s.start),
		Stages: []probe.Stage{{Name: "send", Took: s.handed.Sub(s.start)}, {Name: "arrival", Took: max(0, over.Sub(s.handed))}},
	}
	if place, twice := s.twice(got); twice {
		r.Class, r.Detail = "duplicate", fmt.Sprintf("message %d of %d came twice", place, s.of)
		return r, nil
	}
	if missing := s.missing(got); missing > 0 {
		return p.judgeMissing(ctx, s, r, missing, over)
	}
	for i, h := range got {
		if h.What != i+1 {
			r.Class, r.Detail = "out_of_order", fmt.Sprintf("message %d of %d came as number %d", h.What, s.of, i+1)
			return r, nil
		}
	}
	last := got[len(got)-1].At
	r.Status, r.Latency = probe.Pass, max(last.Sub(s.start), time.Microsecond)
	r.Stages[1].Took = max(0, last.Sub(s.handed))
	return r, nil
}

// judgeMissing says what it means that a part of the series did not come.
func (p *queue) judgeMissing(ctx context.Context, s series, r probe.Result, missing int, over time.Time) (probe.Result, error) {
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	if why, out := p.receiver.Finished(); out {
		return probe.Result{}, probe.Inconclusive("receiver_"+why.Class, errors.New(why.Detail))
	}
	if !p.receiver.Stayed(s.start, over, Connected) {
		return probe.Result{}, probe.Inconclusive("receiver_not_connected", errors.New("the receiver's client was not connected all the time"))
	}
	r.Class, r.Detail = "missing", fmt.Sprintf("%d of %d messages did not arrive in time", missing, s.of)
	if missing == s.of && p.opts.Enqueue == nil {
		r.Class, r.Detail = "acked_not_delivered", fmt.Sprintf("the server took %d messages, and none arrived", s.of)
	}
	return r, nil
}
