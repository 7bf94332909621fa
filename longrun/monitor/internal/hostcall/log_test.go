package hostcall_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

// paper is what a handler wrote. do is called ahead of each line.
type paper struct {
	mu    sync.Mutex
	lines []string
	do    func(msg string)
	text  slog.Handler
}

func newPaper(do func(string)) *paper {
	p := &paper{do: do}
	p.text = slog.NewTextHandler(p, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return p
}

func (p *paper) Write(b []byte) (int, error) {
	if p.do != nil {
		p.do(string(b))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, strings.TrimSpace(string(b)))
	return len(b), nil
}

func (p *paper) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}

// said is how many lines there are when all are written.
func said(t *testing.T, log *hostcall.Log, p *paper) int {
	t.Helper()
	log.Flush(t.Context())
	return len(p.all())
}

func newLog(p *paper) *hostcall.Log { return hostcall.NewLog(slog.New(p.text), clock.New()) }

func TestATroubleThatGoesOnIsOneLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaper(nil)
		log := newLog(p)
		once := func(about, class string) { log.Once(t.Context(), slog.LevelError, about, class, "trouble") }
		require.False(t, log.Over("store"), "it was well")
		for range 500 {
			once("store", "a")
		}
		require.Equal(t, 1, said(t, log, p))
		once("probe", "a")
		require.Equal(t, 2, said(t, log, p), "another subject")
		for _, class := range []string{"b", "c", "d", "e", "b"} {
			once("store", class)
		}
		require.Equal(t, 4, said(t, log, p), "at most three kinds")
		require.True(t, log.Over("store"))
		require.False(t, log.Over("store"))
		once("store", "d")
		require.Equal(t, 5, said(t, log, p), "its next trouble")
	})
}

func TestOfASubjectThatComesAndGoesLittleIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaper(nil)
		log := newLog(p)
		over := 0
		for range 24 * 60 {
			log.Once(t.Context(), slog.LevelError, "store", "a", "trouble")
			time.Sleep(30 * time.Second)
			if log.Over("store") {
				over++
			}
			time.Sleep(30 * time.Second)
		}
		n := said(t, log, p)
		require.LessOrEqual(t, n, 24*6)
		require.GreaterOrEqual(t, n, 24)
		require.Equal(t, n, over, "who was told of a trouble hears of its end, and only who was")
		require.Contains(t, p.all()[5], "again_and_again")
		require.NotContains(t, p.all()[4], "again_and_again")

		time.Sleep(2 * time.Hour)
		for range 3 { // seldom is told each time
			log.Once(t.Context(), slog.LevelError, "store", "a", "trouble")
			require.True(t, log.Over("store"))
			time.Sleep(time.Hour)
		}
		require.Equal(t, n+3, said(t, log, p))
	})
}

func TestAValueIsSaidWhenItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaper(nil)
		log := newLog(p)
		for _, v := range []string{"a", "a", "b", "b", "a"} {
			log.Changed(t.Context(), slog.LevelInfo, "holder", v, "standing by", "holder", v)
		}
		require.Equal(t, 3, said(t, log, p))
		require.True(t, log.Over("holder"))
		log.Changed(t.Context(), slog.LevelInfo, "holder", "a", "standing by")
		require.Equal(t, 4, said(t, log, p))
	})
}

func TestManySubjectsDoNotGrow(t *testing.T) {
	t.Parallel()
	p := newPaper(nil)
	log := newLog(p)
	for n := range 3000 {
		log.Once(t.Context(), slog.LevelError, fmt.Sprint(n), "a", "trouble")
		log.Flush(t.Context())
	}
	require.Len(t, p.all(), 3000)
}

func TestAHandlerThatBlocksLosesLinesAndSaysHowMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		p := newPaper(func(string) { <-hang })
		log := newLog(p)
		began := time.Now()
		log.InfoContext(t.Context(), "line", "n", 0)
		synctest.Wait() // it is in the handler's hands
		for n := 1; n <= 600; n++ {
			log.InfoContext(t.Context(), "line", "n", n)
		}
		require.Equal(t, began, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		log.Flush(ctx)
		require.Equal(t, time.Second, time.Since(began), "Flush waits as long as it may")
		close(hang)
		log.Flush(t.Context())
		for range 2 {
			log.InfoContext(t.Context(), "last")
			log.Flush(t.Context())
		}

		lines := p.all()
		require.Len(t, lines, 513+3, "the loss is said once")
		for n, l := range lines[:513] {
			require.Equal(t, fmt.Sprintf("level=INFO msg=line n=%d", n), l, "in their order")
		}
		require.Contains(t, lines[513], "lines are lost")
		require.Contains(t, lines[513], "lines=88")
		require.Contains(t, lines[514], "last")
	})
}

func TestAHandlerThatPanicsOrEndsItsGoroutineCostsItsLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaper(func(line string) {
			switch {
			case strings.Contains(line, "panic"):
				panic("boom")
			case strings.Contains(line, "exit"):
				runtime.Goexit()
			}
		})
		log := newLog(p)
		for _, msg := range []string{"one", "panic", "two", "three"} {
			log.InfoContext(t.Context(), "line", "what", msg)
		}
		log.Flush(t.Context())
		require.Len(t, p.all(), 3)
	})
}

func TestAttrsAndGroupsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	p := newPaper(nil)
	log := newLog(p)
	derived := log.With("a", 1).WithGroup("g").With("b", 2)
	other := derived.With("c", 3)
	derived.InfoContext(t.Context(), "one", "d", 4)
	other.InfoContext(t.Context(), "two")
	log.InfoContext(t.Context(), "three")
	log.Flush(t.Context())
	require.Equal(t, []string{
		"level=INFO msg=one a=1 g.b=2 g.d=4",
		"level=INFO msg=two a=1 g.b=2 g.c=3",
		"level=INFO msg=three",
	}, p.all())
	hostcall.NewLog(nil, clock.New()).Flush(t.Context())
}

func TestErrorsThatDifferInANumberAreOneClass(t *testing.T) {
	t.Parallel()
	same := func(format string, args ...any) {
		t.Helper()
		first := hostcall.ClassOf(fmt.Errorf(format, args[0])) //nolint:err113 // texts
		for _, a := range args[1:] {
			require.Equal(t, first, hostcall.ClassOf(fmt.Errorf(format, a))) //nolint:err113 // texts
		}
		require.NotEmpty(t, first)
	}
	same("dial tcp 127.0.0.1:%d: connection refused", 1, 42, 54321)
	same("read tcp [::1]:%d->[::1]:443: reset", 10, 60000)
	same("request %s failed", "3f2a9c", "0d41be77", "12")
	same("no account %q", "anna", "b b", "")
	same("after %v", time.Second, 3*time.Minute+2*time.Second, 1500*time.Millisecond, 12*time.Microsecond)
	require.NotEqual(t, hostcall.ClassOf(errors.New("refused")), hostcall.ClassOf(errors.New("reset")))
	require.Empty(t, hostcall.ClassOf(nil))
	require.Equal(t, "late", hostcall.ClassOf(&hostcall.LateError{Name: "x", Timeout: time.Second}))
	require.Equal(t, "busy", hostcall.ClassOf(fmt.Errorf("a: %w", &hostcall.BusyError{Name: "x"})))
	require.Equal(t, "cancelled", hostcall.ClassOf(context.Canceled))
	require.LessOrEqual(t, len(hostcall.ClassOf(errors.New(strings.Repeat("word ", 1e6)))), 400)
}

// bytesFor is what f allocates.
func bytesFor(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestALongTextCostsNoMoreThanItsCut(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	long := strings.Repeat("+49 151 23456789 \x1b[2J\n", 500_000)
	var line string
	require.Less(t, bytesFor(func() { line = hostcall.Line(long, hostcall.MaxText) }), uint64(len(long)), "not even one copy")
	require.LessOrEqual(t, len(line), hostcall.MaxText+len("…"))
	require.NotContains(t, line, "2345678")
	require.NotContains(t, line, "\n")
	require.NotContains(t, line, "\x1b")
	err := errors.New(long)
	require.Less(t, bytesFor(func() { line = hostcall.Text(err) }), uint64(len(long)), "not even one copy")
	require.LessOrEqual(t, len(line), hostcall.MaxText+len("…"))
}
