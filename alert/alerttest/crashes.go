package alerttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// RunCrashes kills whoever sends by a channel, kills times, each time at another
// step: before a message is sent, after the service took it and before that is
// noted, or in the middle of a bad answer. Who starts next sends what is not noted.
// In the end every message is with people, and each that came twice came with its
// mark: the same one both times.
func RunCrashes(t *testing.T, v Vendor, seed uint64, kills int) {
	t.Helper()
	crashes(t, v, seed, kills)
}

func crashes(t require.TestingT, v Vendor, seed uint64, kills int) {
	s := NewService(v.Yes)
	defer s.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	o := &sender{
		rng: rand.New(rand.NewPCG(seed, 13)), vendor: v, service: s, client: &http.Client{Transport: transport},
		bad: []Reply{{Reset: true, Takes: true}, {Reset: true}, v.refusal(http.StatusTooManyRequests), {Status: http.StatusBadGateway}, {Status: http.StatusInternalServerError}, v.refusal(http.StatusForbidden)},
	}
	for o.killed < kills || len(o.queue) > 0 {
		if o.killed < kills {
			o.decide()
		}
		o.live(t, o.killed < kills)
	}
	checkTaken(t, v, o.decided, s.Taken())
}

// sender is the outbox of a program that dies, as far as a channel can tell.
type sender struct {
	rng     *rand.Rand
	vendor  Vendor
	service *Service
	client  *http.Client
	bad     []Reply
	queue   []alert.Message // decided, and not noted as sent
	decided []alert.Message
	killed  int
}

// decide adds a message or two, as incidents begin and end.
func (o *sender) decide() {
	for range 1 + o.rng.IntN(2) {
		n := len(o.decided)
		m := samples()[0]
		m.IncidentID, m.Key = fmt.Sprintf("queue_depth_%d", n/2), fmt.Sprintf("#queue_depth-%d.", n)
		if n%2 == 1 {
			m.Kind, m.Until = alert.Resolved, m.Since.Add(time.Minute)
		}
		o.queue, o.decided = append(o.queue, m), append(o.decided, m)
	}
}

// live is one life: it sends what is due until nothing is, or it dies.
func (o *sender) live(t require.TestingT, mortal bool) {
	alerter, err := o.vendor.New(o.service.URL(), o.client, 0)
	require.NoError(t, err)
	steps := -1
	if mortal {
		steps = o.rng.IntN(6)
		o.killed++
	}
	for len(o.queue) > 0 {
		if steps--; steps == -1 {
			return // before the message
		}
		o.service.Then()
		if mortal && o.rng.IntN(3) == 0 {
			o.service.Then(o.bad[o.rng.IntN(len(o.bad))], o.service.Yes())
		}
		due := o.queue[:min(len(o.queue), 3)]
		m, n := alert.Coalesce(due)
		err := alerter.Alert(context.Background(), m)
		if steps--; steps == -1 {
			return // behind the message, and before its note
		}
		if err == nil {
			o.queue = o.queue[n:]
		}
	}
}

// checkTaken holds what is with people against what was decided.
func checkTaken(t require.TestingT, v Vendor, decided []alert.Message, taken []Received) {
	marks := v.Marks
	if marks == nil {
		marks = func(r Received) []string { return keysIn(r.Body, decided) }
	}
	arrived := map[string]int{}
	twice := 0
	for _, r := range taken {
		found := marks(r)
		require.NotEmpty(t, found, "a message without a mark: %.300s", r.Body)
		for _, mark := range found {
			if arrived[mark]++; arrived[mark] == 2 {
				twice++
			}
		}
	}
	var lost []error
	for _, m := range decided {
		if arrived[m.Key] == 0 {
			lost = append(lost, fmt.Errorf("%s %s", m.Kind, m.Key))
		}
	}
	require.NoError(t, errors.Join(lost...), "lost")
	require.Positive(t, twice, "nobody died between a delivery and its note")
}

func keysIn(body string, of []alert.Message) (found []string) {
	for _, m := range of {
		if strings.Contains(body, m.Key) {
			found = append(found, m.Key)
		}
	}
	return found
}
