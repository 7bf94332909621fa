package whatsappprobe_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// hostQueue is a host's own queue: it sends what it holds when told to, in the
// order it is told.
type hostQueue struct {
	s     *stage
	texts []string
	order []int // of sending, by place in texts
	err   error
	depth int64
}

func (q *hostQueue) enqueue(ctx context.Context, to types.JID, text string) error {
	if q.err != nil {
		return q.err
	}
	q.texts = append(q.texts, text)
	if len(q.texts) < 3 {
		return nil
	}
	for _, i := range q.order {
		if _, err := q.s.ours.SendMessage(ctx, to, &waE2E.Message{Conversation: new(q.texts[i])}); err != nil {
			return err
		}
	}
	q.texts = nil
	return nil
}

func (q *hostQueue) prober() probe.Prober {
	return whatsappprobe.Queue(q.s.ours, q.s.theirs, &whatsappprobe.QueueOptions{
		Messages: 3, Enqueue: q.enqueue, Depth: func(context.Context) (int64, error) { return q.depth, q.err },
	})
}

func TestTheHostsQueueIsJudgedByWhatArrives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order []int
		class string
	}{
		{[]int{0, 1, 2}, ""},
		{[]int{0, 2, 1}, "out_of_order"},
		{[]int{0, 2}, "missing"},
		{[]int{0, 1, 1, 2}, "duplicate"},
		{[]int{0, 1, 2, 2}, "duplicate"},
		{[]int{0, 1, 2, 0}, "duplicate"},
		{[]int{0, 1, 2, 0, 1, 2}, "duplicate"},
	} {
		t.Run(fmt.Sprint(c.order), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.DelayMessages(time.Second, theirs) // the last is queued before the first is shown
				q := &hostQueue{s: s, order: c.order}
				if c.class == "" {
					s.passes(q.prober())
					return
				}
				s.fails(q.prober(), c.class)
			})
		})
	}
}

func TestAQueueThatIsTooDeepFailsBeforeAnythingIsAdded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		q := &hostQueue{s: s, order: []int{0, 1, 2}, depth: 101}
		p := q.prober()
		require.Contains(t, s.fails(p, "queue_depth").Detail, "101")
		require.Zero(t, s.Stats(ours).Sent)
		q.depth = 100
		s.passes(p)
		q.err = errors.New("no answer")
		time.Sleep(10 * time.Minute)
		s.cannotTell(p, "queue_depth_unknown")
	})
}

func TestAQueueThatTakesNothingFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		p := whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{
			Enqueue: func(context.Context, types.JID, string) error { return errors.New("full") },
		})
		require.Contains(t, s.fails(p, "enqueue_failed").Detail, "full")
	})
}

// A queue that hangs is what this probe is for; one that panics must not take
// the host down.
func TestAQueueThatHangsOrPanicsEndsInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hang, panics bool
		class        string
	}{"hangs": {true, false, "enqueue_blocked"}, "panics": {false, true, "enqueue_failed"}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				let := make(chan struct{})
				p := whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{
					Enqueue: func(context.Context, types.JID, string) error {
						if c.panics {
							panic("oh, 4917012345678")
						}
						<-let
						return nil
					},
				})
				r := s.fails(p, c.class)
				require.NotContains(t, r.Detail, "4917012345678")
				if c.hang {
					s.fails(p, "send_blocked") // it hangs still
					close(let)
				}
			})
		})
	}
	t.Run("depth hangs", func(t *testing.T) {
		inBubble(t, func(t *testing.T, s *stage) {
			let := make(chan struct{})
			defer close(let)
			s.cannotTell(whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{
				Depth: func(context.Context) (int64, error) { <-let; return 0, nil },
			}), "queue_depth_unknown")
		})
	})
}

func TestAReceiverThatIsAwayIsNobodysFailure(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.queue)
		s.Refuse(theirs)
		s.Drop(theirs)
		s.calm()
		s.cannotTell(s.queue, "receiver_not_connected")
		s.Heal()
	})
}

// A probe and its confirmation are never too many, however long the series.
func TestAFailureCanAlwaysBeConfirmed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		p := whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{Messages: 10})
		s.LoseMessages(theirs)
		for range 2 {
			s.fails(p, "acked_not_delivered")
			time.Sleep(10 * time.Second)
		}
		s.Heal()
	})
}
