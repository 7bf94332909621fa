package alarming

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// mute knows what is not to be told: silences, which are documents, and the
// maintenance of the settings. It reads silences only when there is something to
// tell.
type mute struct {
	room.Deps

	mu       sync.Mutex
	silences []longrun.Silence // at most maxSilences
	read     time.Time         // zero: they are not known
	asked    time.Time         // when the store was last asked for them
}

const (
	// silencesEvery is how old known silences may be while one of them holds: that
	// it was ended early is seen after that. Before anything is told they are read.
	silencesEvery = 5 * time.Minute
	// maxSilences bounds those that are kept in memory; those that last longest
	// are.
	maxSilences = 1000
)

// why says why a rule is not told for a target at now; empty when it is to be.
func (u *mute) why(ctx context.Context, r longrun.RuleID, target string, now time.Time) string {
	why, read := u.known(r, target, now)
	if why != "" && now.Sub(read).Abs() < silencesEvery || !u.ask(now) {
		return why
	}
	u.load(ctx, now)
	why, _ = u.known(r, target, now)
	return why
}

// ask reports whether the store is to be asked at now, once however much there
// is to tell: of two hundred accounts that log out together, and of a store that
// hangs.
func (u *mute) ask(now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.asked.Equal(now) {
		return false
	}
	u.asked = now
	return true
}

// known is why without a look at the store, and when that was last asked; now
// for what needs no store.
func (u *mute) known(r longrun.RuleID, target string, now time.Time) (why string, read time.Time) {
	for _, m := range u.Settings().Maintenance {
		if m.Matches(r, target, now) {
			return "maintenance " + m.Name, now
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range u.silences {
		if s.Matches(r, target, now) {
			return "silence " + s.SilenceID, u.read
		}
	}
	return "", u.read
}

// load reads the silences. Where the store does not answer, those that are known
// go on to hold.
func (u *mute) load(parent context.Context, now time.Time) {
	ctx, cancel := deadline.With(parent, u.Clock, room.StoreTimeout)
	defer cancel()
	silences, err := u.Ledger.SilencesAt(ctx, now)
	if err != nil {
		if parent.Err() == nil {
			u.Log.Once(parent, slog.LevelWarn, "silences", "unread", "silences cannot be read, those that are known hold", "error", hostcall.Text(err))
		}
		return
	}
	u.Log.Over("silences")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.silences, u.read = longest(silences), now
}

// longest keeps at most maxSilences.
func longest(silences []longrun.Silence) []longrun.Silence {
	if len(silences) <= maxSilences {
		return silences
	}
	slices.SortFunc(silences, func(a, b longrun.Silence) int { return b.Until.Compare(a.Until) })
	return slices.Clone(silences[:maxSilences])
}

// learn takes a silence that was made or ended here, for a time in which the
// store cannot be asked, and has them read again when it can.
func (u *mute) learn(s longrun.Silence) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.read, u.asked = time.Time{}, time.Time{}
	others := slices.DeleteFunc(slices.Clone(u.silences), func(o longrun.Silence) bool {
		return o.SilenceID == s.SilenceID || !o.Until.After(s.Created)
	})
	u.silences = append(longest(others), s)
	u.silences = u.silences[max(0, len(u.silences)-maxSilences):]
}

// Silence keeps matching alerts from being told, on every instance, from s.From
// (now, where it is zero) to s.Until, and returns it as it was stored. What
// fires is recorded as ever, and told when the silence ends, if it still fires
// then. The error names what is wrong with s, or is the store's.
func (b *Board) Silence(ctx context.Context, s longrun.Silence) (longrun.Silence, error) {
	ctx, cancel := deadline.With(ctx, b.Clock, room.StoreTimeout)
	defer cancel()
	now := b.Clock.Now().UTC().Truncate(time.Microsecond)
	if s.From.IsZero() {
		s.From = now
	}
	s.From, s.Until = s.From.UTC().Truncate(time.Microsecond), s.Until.UTC().Truncate(time.Microsecond)
	nonce := make([]byte, 4)
	_, _ = rand.Read(nonce) // crypto/rand.Read never fails
	s.SilenceID = s.From.Format("20060102T150405") + "_" + hex.EncodeToString(nonce)
	s.TS, s.Created = s.From, now
	s.By, s.Reason = hostcall.Line(s.By, hostcall.MaxText), hostcall.Line(s.Reason, hostcall.MaxText)
	s.Target = b.names.of(s.Target) // as the alerts of that account have it
	if err := b.Ledger.CreateSilence(ctx, s); err != nil {
		return longrun.Silence{}, err
	}
	b.mute.learn(s)
	b.Log.InfoContext(ctx, "alerts silenced", "silence", s.SilenceID, "rule", string(s.Rule), "target", s.Target, "until", s.Until, "by", s.By, "reason", s.Reason)
	return s, nil
}

// EndSilence ends a silence now and returns it. A missing one is
// store.ErrNotFound.
func (b *Board) EndSilence(ctx context.Context, id string) (longrun.Silence, error) {
	ctx, cancel := deadline.With(ctx, b.Clock, room.StoreTimeout)
	defer cancel()
	s, err := b.Ledger.EndSilence(ctx, id, b.Clock.Now())
	if err != nil {
		return longrun.Silence{}, err
	}
	b.mute.learn(s)
	b.Log.InfoContext(ctx, "silence ended", "silence", s.SilenceID)
	return s, nil
}

// Silences returns those that hold now or begin later.
func (b *Board) Silences(ctx context.Context) ([]longrun.Silence, error) {
	ctx, cancel := deadline.With(ctx, b.Clock, room.StoreTimeout)
	defer cancel()
	silences, err := b.Ledger.SilencesAt(ctx, b.Clock.Now())
	slices.SortFunc(silences, func(a, b longrun.Silence) int { return a.From.Compare(b.From) })
	return silences, err
}
