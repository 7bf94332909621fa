package alarming

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// judge has every rule look at the newest beat, once per slot.
func (w *watch) judge(ctx context.Context) {
	l, fresh, filled := w.b.take(w.filled[:0])
	w.filled = filled
	now := w.Clock.Now()
	w.recent.Advance(now)
	for _, slot := range filled {
		w.recent.Fill(slot)
	}
	if !fresh || l.beat.Slot(w.Self.Interval) == w.judged {
		return
	}
	w.judged, w.leftOut = l.beat.Slot(w.Self.Interval), 0
	w.recordOutages(ctx, now)
	w.look(ctx, l, now)
	w.sayLeftOut(ctx)
}

// look has each rule look.
func (w *watch) look(ctx context.Context, l look, now time.Time) {
	settings := w.Settings()
	limits := settings.AlertThresholds
	w.find(ctx, rules.CheckMissedHeartbeats(w.stateOf(rules.MissedHeartbeats, ""), w.recent, now, limits.MissedHbPerHour), now)
	if l.beat.StatusError == "" && len(l.accounts) == 0 {
		w.find(ctx, rules.CheckLoggedOutCount(l.beat), now)
	}
	w.judgeAccounts(ctx, l.accounts, limits, now)
	var probesKnown bool
	w.probes, probesKnown = w.b.Probes(w.probes[:0])
	for _, p := range w.probes {
		w.find(ctx, rules.CheckProbeFails(p.Type, p.Recent, limits.ConsecutiveProbeFails), now)
		since := room.Latest(w.began, w.b.Started().Add(p.Settle))
		w.find(ctx, rules.CheckProbeOverdue(p.Type, p.Recent, p.Schedule, since, now, limits.ProbeOverduePeriods), now)
	}
	w.find(ctx, rules.CheckQueueDepth(l.beat, limits.QueueDepthThreshold), now)
	w.find(ctx, rules.CheckInsufficientData(w.stateOf(rules.InsufficientData, ""), w.recent, now, settings.InsufficientDataThreshold), now)
	w.findGone(ctx, l.beat.StatusError == "", probesKnown, now)
}

// judgeAccounts has the rules look at each account. Several may go by one name,
// as their numbers do when they are masked: that is one target, it is bad while
// any of them is, and good when all are.
func (w *watch) judgeAccounts(ctx context.Context, accounts []longrun.AccountStatus, limits longrun.AlertThresholds, now time.Time) {
	w.later = w.later[:0]
	for _, account := range accounts {
		account.ID = w.b.names.of(account.ID)
		w.findAccount(ctx, rules.CheckLoggedOut(account), now)
		w.findAccount(ctx, rules.CheckReconnectLoop(w.stateOf(rules.ReconnectLoop, account.ID), account, now, limits.ReconnectLoopThreshold), now)
	}
	slices.SortStableFunc(w.later, func(a, b rules.Finding) int { return cmp.Compare(a.Condition, b.Condition) })
	for _, f := range w.later { // those that cannot tell, then the good ones
		if al := w.board[alarmKey{f.Rule, f.Target}]; al != nil && al.spoken != w.judged {
			w.find(ctx, f, now)
		}
	}
}

func (w *watch) findAccount(ctx context.Context, f rules.Finding, now time.Time) {
	switch {
	case f.Condition == rules.Bad:
		if al := w.board[alarmKey{f.Rule, f.Target}]; al == nil || al.spoken != w.judged { // once for all that share a name
			w.find(ctx, f, now)
		}
	case w.board[alarmKey{f.Rule, f.Target}] != nil:
		w.later = append(w.later, f) // an account that comes later may be bad
	}
}

func (w *watch) stateOf(r longrun.RuleID, target string) rules.State {
	if al := w.board[alarmKey{r, target}]; al != nil {
		return al.state
	}
	return rules.State{}
}

// findGone resolves alarms whose target is no longer there: an account that the
// host gave up, a probe that is no longer configured. A host that does not
// answer says nothing of its accounts.
func (w *watch) findGone(ctx context.Context, accountsKnown, probesKnown bool, now time.Time) {
	for key, al := range w.board {
		if al.state.Phase != rules.Firing || al.spoken == w.judged {
			continue
		}
		switch key.rule {
		case rules.LoggedOut, rules.ReconnectLoop:
			if !accountsKnown {
				continue
			}
		case rules.ProbeFails, rules.ProbeOverdue:
			if !probesKnown {
				continue
			}
		case rules.MissedHeartbeats, rules.StoreUnreachable, rules.QueueDepth, rules.InsufficientData:
			continue
		}
		w.say(ctx, &w.gone, slog.LevelInfo, "what an alert was about is no longer there", "rule", string(key.rule), "target", key.target)
		w.find(ctx, rules.Finding{Rule: key.rule, Target: key.target, Condition: rules.Good, Until: now}, now)
	}
}

// sayLeftOut says, once, that there are more targets in trouble than are watched.
func (w *watch) sayLeftOut(ctx context.Context) {
	if w.leftOut == 0 {
		w.Log.Over("targets")
		return
	}
	w.Log.Once(ctx, slog.LevelError, "targets", "many", "more targets are in trouble than are watched, and the rest is not told", "left_out", w.leftOut, "most", MaxTargets)
}
