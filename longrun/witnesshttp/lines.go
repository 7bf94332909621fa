package witnesshttp

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

const (
	// maxTold is how many contradictions are known to have been told.
	maxTold = 256
	// maxKept is how much of a checkpoint is logged: its text, and more signatures than a
	// log has keys. What else is in it anybody may have put there.
	maxKept = 4 << 10
)

// lines are what a handler logs of strangers' requests: whoever has a checkpoint, which
// is no secret, may send it as often as the handler answers, with a proof that is none.
type lines struct {
	logger                  *slog.Logger
	contradictions, trouble *turnstile.Pace

	mu   sync.Mutex
	told [][sha256.Size]byte // the texts of contradictions, oldest first
}

func newLines(logger *slog.Logger, clk clock.Clock) *lines {
	rate := turnstile.Rate{N: 10, Per: time.Minute}
	return &lines{logger: logger, contradictions: turnstile.NewPace(clk, rate), trouble: turnstile.NewPace(clk, rate)}
}

// contradicted keeps a checkpoint that a known log's key signed: it may be proof of
// what the log's owner did.
func (l *lines) contradicted(ctx context.Context, r witness.Request) {
	text, _, _ := strings.Cut(r.Checkpoint, "\n\n")
	if !l.isNew(sha256.Sum256([]byte(text))) {
		return
	}
	kept := strings.ToValidUTF8(r.Checkpoint[:min(len(r.Checkpoint), maxKept)], "")
	l.logger.WarnContext(ctx, "a checkpoint does not go on from the one that was cosigned", "old", r.Old, "checkpoint", kept)
}

// isNew reports whether a text is to be told, and notes that it was.
func (l *lines) isNew(text [sha256.Size]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.told, text) || l.contradictions.Take() > 0 {
		return false
	}
	if l.told = append(l.told, text); len(l.told) > maxTold {
		l.told = slices.Delete(l.told, 0, 1)
	}
	return true
}

// failed tells of a state that cannot be kept.
func (l *lines) failed(ctx context.Context, err error) {
	if l.trouble.Take() == 0 {
		l.logger.ErrorContext(ctx, "a witness cannot keep what it has seen", "error", err)
	}
}
