package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// The forms of the log.
const (
	asText = "text"
	asJSON = "json"
)

// lineTime is how a line of text says when: whoever reads it later, and elsewhere,
// needs the day and the zone.
const lineTime = "2006-01-02 15:04:05 -07:00"

// logger writes the log in the form that is configured.
func (c config) logger(out io.Writer) *slog.Logger {
	if c.LogFormat == asJSON {
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: shown}))
	}
	return slog.New(tint.NewTextHandler(out, &tint.Options{Level: c.LogLevel, TimeFormat: lineTime, NoColor: !colours(out), ReplaceAttr: shown}))
}

// people is where lines for people go: nowhere, where each line is to be JSON.
func (c config) people(out io.Writer) io.Writer {
	if c.LogFormat == asJSON {
		return io.Discard
	}
	return out
}

// greet says where to look: to people in some lines, to programs in one of the log.
func (c config) greet(ctx context.Context, out io.Writer, logger *slog.Logger, s monitor.Status, alertsTo string, addr net.Addr) {
	if c.LogFormat == asJSON {
		logger.InfoContext(ctx, "serving", "instance", s.InstanceID, "commit", s.CommitHash, "store", redact.Addresses(c.Store), "root", s.Root,
			"interval", s.Interval.String(), "lease", s.Lease.String(), "alerts", alertsTo, "open", "http://"+reachable(addr)+"/", "admin", "http://"+reachable(addr)+adminhttp.DefaultPrefix)
		return
	}
	base := "http://" + reachable(addr) + adminhttp.DefaultPrefix
	auth := ""
	if c.Token != "" {
		auth = `-H "Authorization: Bearer $ADMIN_TOKEN" `
	}
	fmt.Fprintf(out, "longwatch: instance %s, commit %s\n", s.InstanceID, s.CommitHash)
	fmt.Fprintf(out, "  store   %s, under %s\n", redact.Addresses(c.Store), s.Root)
	fmt.Fprintf(out, "  slots   every %v, lease %v\n", s.Interval, s.Lease)
	fmt.Fprintf(out, "  alerts  to %s\n", alertsTo)
	fmt.Fprintf(out, "  open    http://%s/\n", reachable(addr))
	fmt.Fprintf(out, "  look    curl %s%s/status\n", auth, base)
	fmt.Fprintf(out, "          curl %s%s/heartbeats\n", auth, base)
	fmt.Fprintf(out, "          curl %s%s/coverage\n", auth, base)
	fmt.Fprintf(out, "  test    curl %s-X POST %s/alerts/test\n", auth, base)
}

// reachable is an address that a client on this host can dial.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// misconfigured says what is wrong with the environment, without a password that
// stands in it.
func misconfigured(out io.Writer, err error) {
	fmt.Fprintf(out, "wrong configuration:\n%s\n(server --help lists the variables)\n", redact.Lines(err.Error(), maxLines, maxLine))
}

// How much is shown of what somebody else wrote.
const (
	maxLines = 40
	maxLine  = 1000
)

// shown makes an attribute of the log fit to be shown: errors and values may
// contain what a document or another server says.
func shown(_ []string, a slog.Attr) slog.Attr {
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(redact.Line(value, maxLine))
	case error:
		a.Value = slog.StringValue(redact.Line(value.Error(), maxLine))
	}
	return a
}

// terminal is in, where people type at it; else nil.
func terminal(in *os.File) io.Reader {
	if isatty.IsTerminal(in.Fd()) {
		return in
	}
	return nil
}

func colours(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
