package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// Key names what is written together: the documents of one rule for one target,
// or one message that is only closed.
type Key struct {
	Rule   longrun.RuleID
	Target string
	Closed string
}

// Draft is what a lead has decided and not written yet. Whatever changes is
// written down whole, again and again until it has landed: a commit whose outcome
// is unknown is simply made again. It holds each document once, and what was noted first
// is written first. It is for one goroutine.
type Draft struct {
	room.Deps
	lead  leading.Lead
	dirty map[Key]*noted
	order []Key // of dirty
}

// noted are the writes of one key.
type noted struct {
	ops []store.Op
	at  map[store.Key]int // where in ops
}

// NewDraft returns an empty Draft of a lead.
func NewDraft(d room.Deps, lead leading.Lead) *Draft {
	return &Draft{Deps: d, lead: lead, dirty: make(map[Key]*noted)}
}

// Note has a write made with the next commit, with whatever else belongs to the
// same key.
func (w *Draft) Note(key Key, op store.Op) {
	n := w.dirty[key]
	if n == nil {
		n = &noted{at: make(map[store.Key]int)}
		w.dirty[key], w.order = n, append(w.order, key)
	}
	if i, known := n.at[op.Key]; known {
		n.ops[i] = op
		return
	}
	n.at[op.Key] = len(n.ops)
	n.ops = append(n.ops, op)
}

// Len is how many keys have something that is not written.
func (w *Draft) Len() int { return len(w.dirty) }

// maxOps bounds one commit: what belongs together stays together, and the lock's
// row fits too.
const maxOps = 300

// Write commits what is noted, and reports whether nothing is left.
func (w *Draft) Write(ctx context.Context) bool {
	for len(w.dirty) > 0 {
		var keys []Key
		ops := 0
		for _, key := range w.order {
			more := len(w.dirty[key].ops)
			if ops > 0 && ops+more > maxOps {
				break
			}
			keys, ops = append(keys, key), ops+more
		}
		if !w.write(ctx, keys) {
			return false
		}
	}
	return true
}

// write commits what belongs to keys. Where one of them spoils it, it is found by
// halves: alone it shows what it is worth.
func (w *Draft) write(ctx context.Context, keys []Key) bool {
	err := w.commit(ctx, keys)
	if errors.Is(err, store.ErrInvalid) && len(keys) > 1 {
		half := len(keys) / 2
		return w.write(ctx, keys[:half]) && w.write(ctx, keys[half:])
	}
	return w.settle(ctx, err, keys)
}

func (w *Draft) commit(ctx context.Context, keys []Key) error {
	var ops []store.Op
	for _, key := range keys {
		ops = append(ops, w.dirty[key].ops...)
	}
	ctx, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	return w.lead.Commit(ctx, ops...)
}

// settle forgets what is written, or never can be, and reports whether it is.
func (w *Draft) settle(ctx context.Context, err error, keys []Key) bool {
	switch {
	case err == nil:
		w.Log.Over("alarms")
	case errors.Is(err, store.ErrInvalid):
		w.Log.ErrorContext(ctx, "an alert cannot be stored", "rule", string(keys[0].Rule), "target", keys[0].Target, "error", spawn.Text(err))
	default:
		if ctx.Err() == nil && w.lead.Err() == nil && !errors.Is(err, lock.ErrUnknown) {
			w.Log.Once(ctx, slog.LevelWarn, "alarms", "write", "alerts wait: they cannot be stored", "error", spawn.Text(err))
		}
		return false
	}
	for _, key := range keys {
		delete(w.dirty, key)
	}
	w.order = slices.DeleteFunc(w.order, func(key Key) bool { return w.dirty[key] == nil })
	return true
}

// maxPause bounds the pause after writes that failed.
const maxPause = 30 * time.Second

// PauseAfter counts a failure more, and returns how long to wait before the next
// try, spread by a fifth: a store that answers and refuses is not asked all the
// time.
func PauseAfter(clk clock.Clock, failures *int) time.Duration {
	pause := min(time.Second<<min(*failures, 5), maxPause)
	*failures++
	return spread(clk, pause)
}

func spread(clk clock.Clock, pause time.Duration) time.Duration {
	return (pause*9/10 + chance.Below(clk, pause/5)).Truncate(time.Microsecond)
}
