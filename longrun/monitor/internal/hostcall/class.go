package hostcall

import (
	"context"
	"errors"
	"regexp"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// changing is what differs between two errors of one kind: durations, numbers,
// identifiers, what stands in quotes.
var changing = regexp.MustCompile(`"[^"]*"|'[^']*'|(?:\d+(?:\.\d+)?(?:ns|µs|ms|s|m|h))+\b|[0-9a-fA-F]*\d[0-9a-fA-F]*`)

// maxClassText bounds a class that is made of text.
const maxClassText = 80

// ClassOf names the kind of an error, so that one which differs in a port or a
// number is the same.
func ClassOf(err error) string {
	var busy *BusyError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &busy):
		return "busy"
	case errors.Is(err, context.DeadlineExceeded):
		return "late"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	text := spawn.Text(err)
	return changing.ReplaceAllString(text[:min(len(text), 4*maxClassText)], "#")
}
