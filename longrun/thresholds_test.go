package longrun_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestThresholdsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	require.NoError(t, longrun.DefaultAlertThresholds(time.Minute).Validate())
	for field, spoil := range map[string]func(*longrun.AlertThresholds){
		"missedHbPerHour -1":          func(a *longrun.AlertThresholds) { a.MissedHbPerHour = -1 },
		"consecutiveProbeFails 0":     func(a *longrun.AlertThresholds) { a.ConsecutiveProbeFails = 0 },
		"consecutiveProbeFails 21":    func(a *longrun.AlertThresholds) { a.ConsecutiveProbeFails = 21 },
		"queueDepthThreshold -1":      func(a *longrun.AlertThresholds) { a.QueueDepthThreshold = -1 },
		"reconnectLoopThreshold -1":   func(a *longrun.AlertThresholds) { a.ReconnectLoopThreshold = -1 },
		"storeUnreachableSec 0.5":     func(a *longrun.AlertThresholds) { a.StoreUnreachableSec = 0.5 },
		"storeUnreachableSec NaN":     func(a *longrun.AlertThresholds) { a.StoreUnreachableSec = math.NaN() },
		"probeOverduePeriods 0.9":     func(a *longrun.AlertThresholds) { a.ProbeOverduePeriods = 0.9 },
		"probeOverduePeriods +Inf":    func(a *longrun.AlertThresholds) { a.ProbeOverduePeriods = math.Inf(1) },
		"notConnectedSec -1":          func(a *longrun.AlertThresholds) { a.NotConnectedSec = -1 },
		"handlerLagSec 0":             func(a *longrun.AlertThresholds) { a.HandlerLagSec = 0 },
		"unreadablePercent 101":       func(a *longrun.AlertThresholds) { a.UnreadablePercent = 101 },
		"memoryFullPercent NaN":       func(a *longrun.AlertThresholds) { a.MemoryFullPercent = math.NaN() },
		"phoneUnseenDays 0.0009":      func(a *longrun.AlertThresholds) { a.PhoneUnseenDays = 0.0009 },
		"budgetMinMissed 1":           func(a *longrun.AlertThresholds) { a.BudgetMinMissed = 1 },
		"budgetFastBurn 0":            func(a *longrun.AlertThresholds) { a.BudgetFastBurn = 0 },
		"budgetSlowBurn 1001":         func(a *longrun.AlertThresholds) { a.BudgetSlowBurn = 1001 },
		"budgetLongBurn NaN":          func(a *longrun.AlertThresholds) { a.BudgetLongBurn = math.NaN() },
		"fleetAccounts 1":             func(a *longrun.AlertThresholds) { a.FleetAccounts = 1 },
		"throttleSec 59":              func(a *longrun.AlertThresholds) { a.ThrottleSec = 59 },
		"throttleSec 2.147483648e+09": func(a *longrun.AlertThresholds) { a.ThrottleSec = 1 << 31 },
	} {
		a := longrun.DefaultAlertThresholds(time.Minute)
		spoil(&a)
		require.ErrorContains(t, a.Validate(), field)
		require.NotContains(t, a.Validate().Error(), "\n")
		s := longrun.DefaultSettings(time.Minute)
		s.AlertThresholds = a
		require.ErrorContains(t, s.Validate(), "alertThresholds "+field)
	}
	require.Len(t, strings.Split(longrun.AlertThresholds{MissedHbPerHour: -1, QueueDepthThreshold: -1, ReconnectLoopThreshold: -1}.Validate().Error(), "\n"), 29)
	a := longrun.DefaultAlertThresholds(time.Minute)
	require.Equal(t, time.Hour, a.Throttle())
	a.ThrottleSec = math.MaxInt32
	require.Positive(t, a.Throttle())
}

// The defaults are those that the rules promise.
func TestTheDefaultThresholds(t *testing.T) {
	t.Parallel()
	require.Equal(t, longrun.AlertThresholds{
		MissedHbPerHour: 3, ConsecutiveProbeFails: 2, QueueDepthThreshold: 100, ReconnectLoopThreshold: 5,
		StoreUnreachableSec: 120, ProbeOverduePeriods: 2, ThrottleSec: 3600,
		NotConnectedSec: 120, UnhealthySec: 300, StatusUnknownSec: 300, TooFewAccountsSec: 300, SessionReplaced: 2,
		UnreadablePerHour: 5, UnreadablePercent: 20, UnreadableSenders: 3, UnackedInARow: 2, UndeliveredInARow: 8, UndeliveredChats: 4,
		SentToNobodyPerHour: 1, PhoneWithoutCopyChats: 3, ReplayLost: 1, DeviceStoreErrorsPerHour: 3, HandlerLagSec: 60,
		PhoneUnseenDays: 10, PhoneLostDays: 12, ClientOldDays: 90, ClientOutdatedDays: 180, MemoryGrowthPercent: 3, MemoryFullPercent: 85,
		BudgetFastBurn: 14.4, BudgetSlowBurn: 6, BudgetLongBurn: 1, BudgetMinMissed: 5, FleetAccounts: 3,
	}, longrun.DefaultAlertThresholds(time.Minute))
}
