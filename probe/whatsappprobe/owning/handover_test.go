package owning_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestTheLeaderAloneIsConnected(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		a := h.start("a")
		a.leads()
		b := h.start("b")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, monitor.Standby, b.Status().State)
		require.False(t, b.online())
		require.Zero(t, count[*events.Connected](b.ear))
		tasks := a.Status().Tasks
		require.Equal(t, "leading", tasks[len(tasks)-1].Name)
		require.Equal(t, monitor.TaskRunning, tasks[len(tasks)-1].State)
		require.Equal(t, monitor.TaskIdle, b.Status().Tasks[len(tasks)-1].State)

		a.end()
		require.Zero(t, h.Stats(ours).Online, "it said goodbye before the lease was free")
		b.leads()
		require.Equal(t, 2, h.Stats(ours).Logins)
		require.Zero(t, h.Stats(ours).Replaced)
		b.end()
		require.Zero(t, h.online(ours))
		require.Zero(t, count[*events.StreamReplaced](a.ear)+count[*events.StreamReplaced](b.ear))
	})
}

// Again and again, fifty times with -long, the one that leads is stopped, killed, or cut off from its store, at
// any moment, and another takes over. The server's own record decides: no login ends
// another connection.
func TestNoHandOverThrowsAnybodyOut(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		r := rand.New(rand.NewPCG(1, 50))
		now, next := h.start("a0"), h.start("b0")
		rounds := seedtest.Histories(50)
		var kinds []int
		for n := range rounds {
			if n%3 == 0 {
				kinds = r.Perm(3)
			}
			for now.Status().State != monitor.Leading {
				now, next = next, now // whoever was first
				time.Sleep(500 * time.Millisecond)
			}
			now.leads()
			require.False(t, next.online())
			require.Equal(t, 1, h.online(ours))
			time.Sleep(time.Duration(r.Int64N(int64(4 * time.Minute))))
			synctest.Wait()
			switch kinds[n%3] {
			case 0:
				now.end()
				require.Zero(t, h.Stats(ours).Replaced)
				now = h.start(now.name)
			case 1:
				now.kill()
				require.Zero(t, h.online(ours))
				now = h.start(now.name)
			case 2:
				heal := now.cut()
				next.leads()
				require.False(t, now.online())
				time.Sleep(time.Duration(r.Int64N(int64(time.Minute))))
				heal()
			}
			require.Zero(t, h.Stats(ours).Replaced, "hand-over %d", n)
		}
		require.GreaterOrEqual(t, h.Stats(ours).Logins, rounds)
		for _, i := range []*instance{now, next} {
			require.Zero(t, count[*events.StreamReplaced](i.ear))
			i.end()
		}
	})
}

// A process that was stopped for longer than its lease has lost the account when it
// wakes up, and does not take it back.
func TestAnOwnerThatWasStoppedDoesNotComeBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		a := h.start("a")
		a.leads()
		b := h.start("b")
		time.Sleep(3 * time.Minute)
		a.clock.freeze()
		b.leads()
		require.Equal(t, 1, h.Stats(ours).Replaced, "nobody could say goodbye for it")
		require.Equal(t, 1, count[*events.StreamReplaced](a.ear))
		time.Sleep(10 * time.Minute)
		a.clock.wake()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		require.Equal(t, monitor.Standby, a.Status().State)
		require.False(t, a.online())
		require.True(t, b.online())
		require.Equal(t, whatsapptest.Stats{Logins: 2, Replaced: 1}, whatsapptest.Stats{Logins: h.Stats(ours).Logins, Replaced: h.Stats(ours).Replaced})
		require.Zero(t, count[*events.StreamReplaced](b.ear))
		b.end()
		a.leads()
		require.Equal(t, 1, h.Stats(ours).Replaced, "and when it is its turn, it has it")
		a.end()
	})
}

// A lease that is lost and got back by the same instance: the account goes and comes.
func TestAnOutageOfTheStoreThatOutlastsTheLeaseLetsTheAccountGo(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		a := h.start("a")
		a.leads()
		time.Sleep(10 * time.Minute)
		heal := a.cut()
		time.Sleep(49 * time.Second) // less than trust lasts, whenever it was renewed
		require.True(t, a.online())
		time.Sleep(70 * time.Second)
		synctest.Wait()
		require.False(t, a.online())
		require.Zero(t, h.online(ours))
		time.Sleep(5 * time.Minute)
		heal()
		a.leads()
		require.Equal(t, 2, h.Stats(ours).Logins)
		require.Zero(t, h.Stats(ours).Replaced)
		a.end()
	})
}
