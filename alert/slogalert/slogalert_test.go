package slogalert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/slogalert"
)

func Example() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	err := slogalert.New(logger).Alert(context.Background(), alert.Message{
		Kind: alert.Firing, Rule: "logged_out", Summary: "the account needs a QR code", Key: "#logged_out-1",
	})
	fmt.Println(err)
	// Output:
	// level=WARN msg=alert kind=firing rule=logged_out summary="the account needs a QR code" key=#logged_out-1
	// <nil>
}

// logged counts lines, and may be written by several at once.
type logged struct {
	mu    sync.Mutex
	lines []map[string]any
	text  bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var read map[string]any
	if err := json.Unmarshal(line, &read); err != nil {
		return 0, err
	}
	l.lines = append(l.lines, read)
	return l.text.Write(line)
}

// kinds are those of the lines.
func (l *logged) kinds() (kinds []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		kinds = append(kinds, fmt.Sprint(line["kind"]))
	}
	return kinds
}

func TestItKeepsTheContract(t *testing.T) {
	alerttest.Run(t, func(*testing.T) alerttest.Subject {
		l := &logged{}
		inner := slogalert.New(slog.New(slog.NewJSONHandler(l, nil)))
		var more atomic.Int64 // lines of digests than digests
		return alerttest.Subject{
			Alerter: alert.Func(func(ctx context.Context, m alert.Message) error {
				if len(m.Parts) > 0 {
					more.Add(int64(len(m.Parts)) - 1)
				}
				return inner.Alert(ctx, m)
			}),
			Arrived: func() int { return len(l.kinds()) - int(more.Load()) },
			Said:    l.text.String,
		}
	})
}

func TestWhatGoesOnIsAWarning(t *testing.T) {
	t.Parallel()
	l := &logged{}
	a := slogalert.New(slog.New(slog.NewJSONHandler(l, nil)))
	began := time.Date(2025, 12, 29, 22, 35, 0, 0, time.FixedZone("east", 3600))
	digest, _ := alert.Coalesce([]alert.Message{
		{Kind: alert.Firing, Rule: "a", Target: "49…78", Severity: "critical", Summary: "s", Instance: "i", Commit: "c", IncidentID: "x", Link: "l", Details: []string{"d\n"}},
		{Kind: alert.Resolved, Rule: "b", Since: began, Until: began.Add(9 * time.Minute)},
		{Kind: alert.Reminder},
		{Kind: alert.Test},
		{Kind: "other"},
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, a.Alert(ended, digest), "what is known is logged to the end")
	var levels []string
	for _, line := range l.lines {
		levels = append(levels, fmt.Sprint(line["level"]))
		delete(line, "time")
		delete(line, "level")
		require.Equal(t, "alert", line["msg"])
		delete(line, "msg")
	}
	require.Equal(t, "WARN INFO WARN INFO WARN", strings.Join(levels, " "))
	require.Equal(t, map[string]any{
		"kind": "firing", "rule": "a", "target": "49…78", "severity": "critical", "summary": "s", "instance": "i", "commit": "c",
		"incident_id": "x", "link": "l", "details": []any{"d"},
	}, l.lines[0])
	require.Equal(t, map[string]any{
		"kind": "resolved", "rule": "b", "since": "2025-12-29T21:35:00Z", "until": "2025-12-29T21:44:00Z", "lasted": float64(9 * time.Minute),
	}, l.lines[1])
}

func TestWithoutALoggerNothingIsLogged(t *testing.T) {
	t.Parallel()
	require.NoError(t, slogalert.New(nil).Alert(t.Context(), alert.Message{Kind: alert.Firing}))
}
