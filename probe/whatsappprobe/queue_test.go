package whatsappprobe_test

import (
	"context"
	"errors"
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
	for class, order := range map[string][]int{
		"":             {0, 1, 2},
		"out_of_order": {0, 2, 1},
		"missing":      {0, 2},
		"duplicate":    {0, 1, 1, 2},
	} {
		t.Run("class "+class, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				q := &hostQueue{s: s, order: order}
				if class == "" {
					s.passes(q.prober())
					return
				}
				s.fails(q.prober(), class)
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
