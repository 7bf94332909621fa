package alarming

import (
	"context"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
)

// Mutes is how many silences are kept.
func (b *Board) Mutes() int { return len(b.mute.silences) }

// Looker returns a function that has the rules of a lead look at accounts once
// more, as in another slot, and do what a turn does at rest.
func (b *Board) Looker(lead leading.Lead) func([]longrun.AccountStatus) {
	b.begin()
	w := newWatch(b, lead)
	ctx := context.Background()
	now := b.Clock.Now()
	w.recent.Restore(now, now, now)
	_ = w.outbox.Restore(ctx)
	beat := longrun.Beat(now, b.Self.Interval)
	beat.Healthy = true
	return func(accounts []longrun.AccountStatus) {
		b.Made(beat, longrun.HostStatus{Healthy: true, Accounts: accounts})
		w.judged = -1
		w.judge(ctx)
		w.outbox.Tidy(ctx)
		w.write(ctx)
		w.outbox.Send(ctx)
		w.publish()
	}
}

// Direct is how many messages about the store wait.
func (b *Board) Direct() int {
	b.outage.mu.Lock()
	defer b.outage.mu.Unlock()
	return len(b.outage.queue)
}

// Told is of how many slots the board was told since somebody looked.
func (b *Board) Told() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.told)
}
