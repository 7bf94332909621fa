package whatsappprobe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// never is the time of what does not happen.
const never = time.Duration(-1)

// scripted is a client whose acks come when the test says so, each counted from
// the probe's start. As whatsmeow's, it takes the ack or the end of the context,
// whichever it sees first.
type scripted struct {
	silent
	began time.Time
	acks  []time.Duration // of each message, in turn

	mu   sync.Mutex
	sent []string // the texts
}

// text returns what the message was that was sent as number i; empty if none was.
func (c *scripted) text(i int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i >= len(c.sent) {
		return ""
	}
	return c.sent[i]
}

func (*scripted) GenerateMessageID() types.MessageID { return "own" }

func (c *scripted) SendMessage(ctx context.Context, _ types.JID, m *waE2E.Message, _ ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error) {
	c.mu.Lock()
	ack := c.acks[len(c.sent)]
	c.sent = append(c.sent, m.GetConversation())
	c.mu.Unlock()
	acked := make(chan struct{})
	if ack != never {
		time.AfterFunc(time.Until(c.began.Add(ack)), func() { close(acked) })
	}
	select {
	case <-acked:
		return whatsmeow.SendResponse{ID: "own"}, nil
	case <-ctx.Done():
		return whatsmeow.SendResponse{}, ctx.Err()
	}
}

// happen calls do after d, in a goroutine of its own as a client does.
func happen(d time.Duration, do func()) {
	if d != never {
		time.AfterFunc(d, do)
	}
}

// around picks a time at, just before or just after one of the moments that
// matter, or never.
func around(rng *rand.Rand, moments ...time.Duration) time.Duration {
	if rng.IntN(4) == 0 {
		return never
	}
	return moments[rng.IntN(len(moments))] + time.Duration(rng.IntN(3)-1)
}

func by(d, end time.Duration) bool { return d != never && d <= end }

// outcome is the class of a verdict: "PASS", that of a FAIL, or of an error
// behind "?".
func outcome(p probe.Prober, d time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	r, err := p.Probe(ctx)
	switch {
	case err != nil:
		return "?" + probe.ClassOf(err)
	case r.Status == probe.Pass:
		return "PASS"
	}
	return r.Class
}

// histories holds the verdicts on many histories against the rule. Each is made
// of times around the deadline, and runs several times: what happens at one
// moment is told in any order.
func histories(t *testing.T, classes int, draw func(rng *rand.Rand) (what, want string, run func(t *testing.T) string)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 5))
	seen := map[string]int{}
	for range 400 {
		what, want, run := draw(rng)
		for range 4 {
			synctest.Test(t, func(t *testing.T) {
				require.Equal(t, want, run(t), what)
				time.Sleep(time.Hour) // what came too late for it
			})
		}
		seen[want]++
	}
	t.Log(seen)
	require.Len(t, seen, classes, "%v", seen)
}

func TestOutboundsVerdictIsOfWhatCameByTheDeadline(t *testing.T) {
	t.Parallel()
	histories(t, 6, func(rng *rand.Rand) (string, string, func(t *testing.T) string) {
		end := []time.Duration{30 * time.Second, 90 * time.Second}[rng.IntN(2)]
		moments := []time.Duration{time.Second, end, end}
		ack, linked, unread := around(rng, moments...), around(rng, moments...), around(rng, moments...)
		if linked != never {
			moments = append(moments, min(end, linked+time.Minute))
		}
		phone := around(rng, moments...)

		over := end // when the phone is waited for no more
		if by(ack, end) && by(linked, end) {
			over = min(end, max(linked+time.Minute, ack+1))
		}
		want := "acked_not_delivered"
		switch {
		case !by(ack, end):
			want = "no_ack"
		case by(phone, over):
			want = "PASS"
		case by(linked, over):
			want = "?receiver_phone_offline"
			if by(phone, over+50*time.Millisecond) {
				want = "partly_delivered" // so it is awake
			}
		case by(unread, over):
			want = "undecryptable"
		}
		return fmt.Sprintf("of %v: ack %v, phone %v, linked %v, unread %v", end, ack, phone, linked, unread), want, func(*testing.T) string {
			cli := &scripted{began: time.Now(), acks: []time.Duration{ack}}
			out := whatsappprobe.Outbound(cli, jid(theirs), nil)
			for _, r := range []struct {
				at     time.Duration
				device uint16
				kind   types.ReceiptType
			}{{phone, 0, types.ReceiptTypeDelivered}, {linked, 1, types.ReceiptTypeInactive}, {unread, 2, types.ReceiptTypeRetry}} {
				happen(r.at, func() {
					from := jid(theirs)
					from.Device = r.device
					cli.handler(&events.Receipt{
						MessageSource: types.MessageSource{Sender: from}, MessageIDs: []types.MessageID{"own"}, Type: r.kind, Timestamp: time.Now(),
					})
				})
			}
			return outcome(out, end)
		}
	})
}

func TestInboundsVerdictIsOfWhatCameByTheDeadline(t *testing.T) {
	t.Parallel()
	histories(t, 5, func(rng *rand.Rand) (string, string, func(t *testing.T) string) {
		const end = deadline
		ack, shown, unread, away := around(rng, time.Second, end, end), around(rng, time.Second, end, end), around(rng, end), around(rng, end)
		want := "acked_not_delivered"
		switch {
		case by(shown, end):
			want = "PASS"
		case !by(ack, end):
			want = "?sender_no_ack"
		case by(unread, end):
			want = "undecryptable"
		case by(away, end):
			want = "not_connected"
		}
		return fmt.Sprintf("ack %v, shown %v, unread %v, away %v", ack, shown, unread, away), want, func(*testing.T) string {
			from, to := &scripted{began: time.Now(), acks: []time.Duration{ack}}, &scripted{}
			in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours)})
			to.handler(&events.Connected{})
			happen(shown, func() { to.handler(message(from.text(0))) })
			happen(unread, func() {
				to.handler(&events.UndecryptableMessage{Info: types.MessageInfo{ID: "own"}})
			})
			happen(away, func() { to.handler(&events.Disconnected{}) })
			return outcome(in, end)
		}
	})
}

func TestTheHostsPartOfTheVerdictIsOfWhatCameByTheDeadline(t *testing.T) {
	t.Parallel()
	histories(t, 5, func(rng *rand.Rand) (string, string, func(t *testing.T) string) {
		const end = deadline
		ack, shown, seen := around(rng, time.Second, end), around(rng, time.Second, end-time.Second, end), around(rng, 2*time.Second, end, end)
		want := "host_missed"
		switch {
		case by(seen, end):
			want = "PASS"
		case by(shown, end) && end-shown < time.Second:
			want = "?host_not_awaited"
		case by(shown, end):
		case !by(ack, end):
			want = "?sender_no_ack"
		default:
			want = "acked_not_delivered"
		}
		return fmt.Sprintf("ack %v, shown %v, seen %v", ack, shown, seen), want, func(*testing.T) string {
			from, to, host := &scripted{began: time.Now(), acks: []time.Duration{ack}}, &scripted{}, &whatsappprobe.Host{}
			in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours), Host: host})
			to.handler(&events.Connected{})
			happen(shown, func() { to.handler(message(from.text(0))) })
			happen(seen, func() { host.Seen(from.text(0)) })
			return outcome(in, end)
		}
	})
}

func TestQueuesVerdictIsOfWhatCameByTheDeadline(t *testing.T) {
	t.Parallel()
	histories(t, 7, func(rng *rand.Rand) (string, string, func(t *testing.T) string) {
		const end = deadline
		acks := []time.Duration{around(rng, time.Second), around(rng, 2*time.Second, end, end)}
		first, second, away := around(rng, 3*time.Second, end, end), around(rng, 4*time.Second, end, end), around(rng, end)
		if rng.IntN(2) == 0 { // mostly it works
			acks = []time.Duration{1, 2 * time.Second}
		}
		if first == second { // their order would be a coin of the client's
			second = never
		}
		whole := max(first, second, acks[1]) // the series is complete and handed over
		again := around(rng, 5*time.Second, end, min(end, whole+time.Second))
		if again == second || second == never || again < second {
			again = never
		}
		n := 0
		for _, d := range []time.Duration{first, second} {
			if by(d, end) {
				n++
			}
		}
		want := "PASS"
		switch {
		case !by(acks[0], end) || !by(acks[1], end):
			want = "no_ack"
		case by(again, end) && by(second, end) && (n < 2 || again <= whole+time.Second):
			want = "duplicate"
		case by(away, end) && n < 2:
			want = "?receiver_not_connected"
		case n == 0:
			want = "acked_not_delivered"
		case n == 1:
			want = "missing"
		case first > second:
			want = "out_of_order"
		}
		return fmt.Sprintf("acks %v, first %v, second %v, again %v, away %v", acks, first, second, again, away), want, func(*testing.T) string {
			from, to := &scripted{began: time.Now(), acks: acks}, &scripted{}
			q := whatsappprobe.Queue(from, to, &whatsappprobe.QueueOptions{Messages: 2, To: jid(theirs)})
			to.handler(&events.Connected{})
			happen(first, func() { to.handler(message(from.text(0))) })
			happen(second, func() { to.handler(message(from.text(1))) })
			happen(again, func() { to.handler(message(from.text(1))) })
			happen(away, func() { to.handler(&events.Disconnected{}) })
			return outcome(q, end)
		}
	})
}

func message(text string) *events.Message {
	return &events.Message{Message: &waE2E.Message{Conversation: &text}}
}
