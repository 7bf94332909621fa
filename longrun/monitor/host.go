package monitor

import (
	"context"
	"errors"
	"os"
	"regexp"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
)

var errNoStatus = errors.New("no status function is configured")

// host asks the host's status function: a host that hangs costs a beat its
// counts and nothing more.
type host struct {
	status func(context.Context) (longrun.HostStatus, error)
	caller *caller
}

func newHost(status func(context.Context) (longrun.HostStatus, error), timeout time.Duration, clk clock.Clock) *host {
	return &host{status: status, caller: newCaller("the status function", timeout, clk)}
}

// ask returns the host's status, or why there is none.
func (h *host) ask(ctx context.Context) (longrun.HostStatus, error) {
	if h.status == nil {
		return longrun.HostStatus{}, errNoStatus
	}
	answers := make(chan longrun.HostStatus, 1)
	err := h.caller.call(ctx, func(ctx context.Context) error {
		s, err := h.status(ctx)
		answers <- s
		return err
	})
	if err != nil {
		return longrun.HostStatus{}, err
	}
	return <-answers, nil
}

const maxStatusError = 200

// longNumber is what could be a telephone number: many digits, or groups of them
// behind a plus sign.
var longNumber = regexp.MustCompile(`\+\d{1,3}(?:[ ./()-]{0,2}\d){7,13}|\d{7,}`)

var digit = regexp.MustCompile(`\d`)

// publicText is what may be stored of an error that the host made.
func publicText(err error) string { return publicLine(err.Error(), maxStatusError) }

// publicLine is what may be stored of a text that the host made: short, on one
// line, of characters that every store takes, and without a number that could be
// somebody's telephone.
func publicLine(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	text = longNumber.ReplaceAllStringFunc(text, func(n string) string {
		return digit.ReplaceAllString(n[:len(n)-2], "*") + n[len(n)-2:]
	})
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// residentMemory returns the memory of this process that is in RAM, in bytes.
// Where the system does not tell, it is what the Go runtime holds.
func residentMemory() int64 {
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			if pages, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
				return pages * int64(os.Getpagesize())
			}
		}
	}
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(held)
	return int64(held[0].Value.Uint64() - held[1].Value.Uint64())
}
