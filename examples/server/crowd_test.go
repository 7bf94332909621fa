package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// year stores the rollups of a year that is over, so that a report of it costs
// what one does.
func (b book) year() {
	b.t.Helper()
	today := longrun.DayOf(time.Now()).From
	first := today.AddDate(0, 0, -364)
	for d := first; d.Before(today); d = d.AddDate(0, 0, 1) {
		day, err := coverage.NewDay(d, time.Minute, first, today)
		require.NoError(b.t, err)
		for i := range 1440 {
			if i%97 != 0 {
				h := longrun.Beat(d.Add(time.Duration(i)*time.Minute+time.Second), time.Minute)
				h.InstanceID, h.Healthy = "then", true
				day.Add(h)
			}
		}
		_, err = b.store.Commit(b.t.Context(), b.SetRollup(day.Rollup()))
		require.NoError(b.t, err)
	}
}

// crowd is what callers of a server do that mean it no good, or too much.
type crowd struct {
	t    *testing.T
	addr string
}

// hold opens n connections that say something and no more.
func (c crowd) hold(n int, text string) {
	for range n {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			continue // no room: who really wants something is asked after elsewhere
		}
		c.t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, text)
	}
}

// ask sends a request n times at once, and counts the answers; 0 is none. It is
// written once for all: the crowd must not take the time of who watches.
func (c crowd) ask(n int, request string) map[int]int {
	var mu sync.Mutex
	answers := map[int]int{}
	text := []byte(request)
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			status := 0
			if conn, err := net.Dial("tcp", c.addr); err == nil {
				_, _ = conn.Write(text)
				if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
					status = response.StatusCode
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
				_ = conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			answers[status]++
		})
	}
	group.Wait()
	return answers
}

// watch asks whether the server lives, over and over, until it is told to end. It
// is one of many on a machine that is busy with all of them, and may be held up
// itself before it has asked: a connection that then was closed it makes again, as
// every client does, and counts.
func (c crowd) watch() (end func() (asked, answered, again int)) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var group sync.WaitGroup
	asked, answered, again := 0, 0, 0
	group.Go(func() {
		every := time.NewTicker(50 * time.Millisecond)
		defer every.Stop()
		for ctx.Err() == nil {
			asked++
			for try := range 3 {
				if c.lives() {
					answered++
					again += try
					break
				}
			}
			select {
			case <-every.C:
			case <-ctx.Done():
			}
		}
	})
	return func() (int, int, int) {
		cancel()
		group.Wait()
		return asked, answered, again
	}
}

func (c crowd) lives() bool {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") // what came of it is read
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func TestNoCrowdTakesTheServerFromItsBeats(t *testing.T) {
	const admin = "/api/admin/longrun"
	db := t.TempDir() + "/longrun.db"
	st, err := sqlitestore.Open(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	b := openBook(t, st)
	b.year()
	const interval = 5 * time.Second
	began := time.Now()
	p := launch(t, "one", "LONGRUN_STORE=sqlite:"+db, "LONGRUN_INTERVAL="+interval.String(), "LONGRUN_LEASE=15s")
	b.await("one", 1)
	first := longrun.SlotAt(time.Now(), interval)
	c := crowd{t, p.addr}
	end := c.watch()

	c.hold(2000, "GET /livez HTTP/1.1\r\nHost: local")
	c.hold(1100, "PUT "+admin+"/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
	reports := c.ask(200, "GET "+admin+"/report?window=365d&format=html HTTP/1.1\r\nHost: localhost\r\n\r\n")
	huge := c.ask(1000, "GET "+admin+"/status HTTP/1.1\r\nHost: localhost\r\nX-Much: "+strings.Repeat("x", 900<<10)+"\r\n\r\n")
	// What the crowd did shows in the beats of its time, and in one after it.
	b.await("one", max(3, int(longrun.SlotAt(time.Now(), interval)-first)+2))
	asked, answered, again := end()
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.ended())

	t.Logf("%d of %d times alive in %v, %d asked again; reports %v, huge headers %v", answered, asked, time.Since(began).Round(time.Second), again, reports, huge)
	require.Equal(t, asked, answered, "/livez answers whoever asks")
	require.LessOrEqual(t, again, asked/20)
	require.Positive(t, reports[http.StatusOK])
	require.Equal(t, 200, reports[http.StatusOK]+reports[http.StatusTooManyRequests], "%v", reports)
	require.Zero(t, huge[http.StatusOK])
	var beats []longrun.Heartbeat
	for e, err := range b.Heartbeats(t.Context(), ledger.Page{From: began.Add(-time.Minute)}) {
		require.NoError(t, err)
		beats = append(beats, e.Value)
	}
	for i, h := range beats {
		require.True(t, h.Healthy, "%+v", h)
		require.False(t, h.Late, "%+v", h)
		if i > 0 {
			require.Equal(t, interval, h.TS.Truncate(interval).Sub(beats[i-1].TS.Truncate(interval)), "no slot is empty")
		}
	}
}

func TestNoRedirectOfTheServerLeavesThePathOfAProxy(t *testing.T) {
	t.Parallel()
	p := launch(t, "one", "LONGRUN_STORE=memory:")
	p.says("leading")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for from, to := range map[string]string{"/": "", "/api/admin/longrun": "./longrun/", "//livez": "../livez", "/api//admin/longrun/": "../../../admin/longrun/"} {
		response, err := client.Get("http://" + p.addr + from)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, to, response.Header.Get("Location"), from)
	}
}
