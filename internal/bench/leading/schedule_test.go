package leading

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/stretchr/testify/require"
)

// schedule is one way to have something done in each second by one of many instances.
type schedule struct {
	name  string
	serve func(tb testing.TB) string
	// tick does so until ctx ends, and calls done for each slot.
	tick func(ctx context.Context, addr, who string, done func(longrun.Slot)) error
	// kept are the slots that count as done, where that is not what done was told.
	kept func(tb testing.TB, addr string) map[longrun.Slot]int
}

func schedules() map[string]schedule {
	all := map[string]schedule{}
	for _, some := range [][]schedule{monitors(), lockers(), electors()} {
		for _, s := range some {
			all[s.name] = s
		}
	}
	return all
}

// slotLength is the length of a slot.
const slotLength = time.Second

// tick is an instance of a schedule. It writes a line for each slot that it did into a
// file that all append to.
func tick(name, addr, who, file string) error {
	s, ok := schedules()[name]
	if !ok {
		return fmt.Errorf("no schedule %q", name)
	}
	out, err := os.OpenFile(filepath.Clean(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return s.tick(ctx, addr, who, func(slot longrun.Slot) { _, _ = fmt.Fprintf(out, "%d %s\n", slot, who) })
}

// did are the lines of that file: who did which slot, in order.
type did struct {
	slot longrun.Slot
	who  string
}

func read(tb testing.TB, file string) (all []did) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Clean(file))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(tb, err)
	for line := range strings.Lines(string(data)) {
		var d did
		_, err := fmt.Sscan(line, &d.slot, &d.who)
		require.NoError(tb, err)
		all = append(all, d)
	}
	return all
}

// outcome is what became of the slots of one history.
type outcome struct{ slots, empty, doubled int }

// history has three instances live through kills and pauses of whoever did the last
// slot, and counts.
func history(tb testing.TB, s schedule, slots int, events map[int]string) outcome {
	tb.Helper()
	addr, file := s.serve(tb), filepath.Join(tb.TempDir(), "done")
	begin := func(who string) *process { return start(tb, "ticker", s.name, addr, who, file) }
	live := map[string]*process{}
	for _, who := range []string{"a", "b", "c"} {
		live[who] = begin(who)
	}
	require.Eventually(tb, func() bool { return len(read(tb, file)) > 2 }, time.Minute, 10*time.Millisecond, "nobody begins")

	first := longrun.SlotAt(time.Now(), slotLength) + 1
	at := func(n int) time.Time { return (first + longrun.Slot(n)).Start(slotLength) }
	for n := range slots {
		event := events[n]
		if event == "" {
			continue
		}
		time.Sleep(time.Until(at(n).Add(slotLength / 2)))
		lines := read(tb, file)
		who := lines[len(lines)-1].who
		switch event {
		case "kill":
			live[who].kill()
			time.Sleep(2 * slotLength)
			live[who] = begin(who)
		case "pause":
			live[who].signal(syscall.SIGSTOP)
			time.Sleep(pause)
			live[who].signal(syscall.SIGCONT)
		}
	}
	time.Sleep(time.Until(at(slots).Add(slotLength)))
	for _, p := range live {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range live {
		_ = p.cmd.Wait()
	}
	times := map[longrun.Slot]int{}
	for _, d := range read(tb, file) {
		times[d.slot]++
	}
	filled := times
	if s.kept != nil {
		filled = s.kept(tb, addr)
	}
	o := outcome{slots: slots}
	for n := range slots {
		slot := first + longrun.Slot(n)
		if filled[slot] == 0 {
			o.empty++
		}
		if max(filled[slot], times[slot]) > 1 {
			o.doubled++
		}
	}
	return o
}

// pause is how long an instance is stopped: longer than any lease.
const pause = 6 * time.Second

// minute is the history of the table.
func minute() (slots int, events map[int]string) {
	return 60, map[int]string{8: "kill", 20: "pause", 34: "kill", 46: "pause"}
}

func TestEachSlotIsDoneOnceThoughTheLeaderIsKilled(t *testing.T) {
	t.Parallel()
	i := slices.IndexFunc(monitors(), func(s schedule) bool { return s.name == proven })
	o := history(t, monitors()[i], 4, map[int]string{1: "kill"})
	require.Equal(t, 0, o.doubled)
	require.LessOrEqual(t, o.empty, 2, "on a busy machine a process begins late")
}
