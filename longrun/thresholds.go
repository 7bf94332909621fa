package longrun

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// AlertThresholds are from where on the rules find something bad. They are part
// of the live settings.
type AlertThresholds struct {
	// MissedHbPerHour is how many empty slots in an hour are borne. Default: 3.
	MissedHbPerHour int64 `json:"missedHbPerHour" firestore:"missedHbPerHour"`
	// ConsecutiveProbeFails is how many FAILs in a row fire, at most 20: so many
	// results are remembered for certain. Default: 2.
	ConsecutiveProbeFails int64 `json:"consecutiveProbeFails" firestore:"consecutiveProbeFails"`
	// QueueDepthThreshold is how many waiting messages are borne. Default: 100.
	QueueDepthThreshold int64 `json:"queueDepthThreshold" firestore:"queueDepthThreshold"`
	// ReconnectLoopThreshold is how many reconnects of one account in an hour
	// are borne. Default: 5.
	ReconnectLoopThreshold int64 `json:"reconnectLoopThreshold" firestore:"reconnectLoopThreshold"`
	// StoreUnreachableSec is how long the store may be away, in seconds.
	// Default: twice the interval, 120 s of 60.
	StoreUnreachableSec float64 `json:"storeUnreachableSec" firestore:"storeUnreachableSec"`
	// ProbeOverduePeriods is after how many of its periods a probe without a
	// PASS or a FAIL is overdue. Default: 2.
	ProbeOverduePeriods float64 `json:"probeOverduePeriods" firestore:"probeOverduePeriods"`
	// ThrottleSec is how often the same trouble is told, in seconds. Default:
	// 3,600.
	ThrottleSec float64 `json:"throttleSec" firestore:"throttleSec"`
	// NotConnectedSec is how long an account may be away, in seconds. Default: 120.
	NotConnectedSec float64 `json:"notConnectedSec" firestore:"notConnectedSec"`
	// UnhealthySec is how long the host may call itself not healthy, StatusUnknownSec
	// how long it may not say how it is, and TooFewAccountsSec how long fewer accounts
	// than ExpectedAccounts may be connected, in seconds. Default: 300 each.
	UnhealthySec      float64 `json:"unhealthySec" firestore:"unhealthySec"`
	StatusUnknownSec  float64 `json:"statusUnknownSec" firestore:"statusUnknownSec"`
	TooFewAccountsSec float64 `json:"tooFewAccountsSec" firestore:"tooFewAccountsSec"`
	// RestrictedSec is how long an account may be restricted, and BannedSec how long
	// it may be banned, in seconds. Default: 0; it is told at once.
	RestrictedSec float64 `json:"restrictedSec" firestore:"restrictedSec"`
	BannedSec     float64 `json:"bannedSec" firestore:"bannedSec"`
	// SessionReplaced is from how many times on that another client took an account's
	// session over within ten minutes. Default: 2.
	SessionReplaced int64 `json:"sessionReplaced" firestore:"sessionReplaced"`
	// UnreadablePerHour is from how many messages on that an account could not read
	// in an hour, if they are also UnreadablePercent of what it received, or come from
	// UnreadableSenders. Default: 5, 20 and 3.
	UnreadablePerHour int64   `json:"unreadablePerHour" firestore:"unreadablePerHour"`
	UnreadablePercent float64 `json:"unreadablePercent" firestore:"unreadablePercent"`
	UnreadableSenders int64   `json:"unreadableSenders" firestore:"unreadableSenders"`
	// UnackedInARow is from how many messages in a row on that the server did not
	// confirm. Default: 2.
	UnackedInARow int64 `json:"unackedInARow" firestore:"unackedInARow"`
	// UndeliveredInARow is from how many messages in a row on that reached nobody, to
	// at least UndeliveredChats chats. Default: 8 and 4.
	UndeliveredInARow int64 `json:"undeliveredInARow" firestore:"undeliveredInARow"`
	UndeliveredChats  int64 `json:"undeliveredChats" firestore:"undeliveredChats"`
	// SentToNobodyPerHour is from how many messages on that were encrypted for no
	// device. Default: 1.
	SentToNobodyPerHour int64 `json:"sentToNobodyPerHour" firestore:"sentToNobodyPerHour"`
	// PhoneWithoutCopyChats is from how many chats in an hour on whose phone got no
	// copy. Default: 3.
	PhoneWithoutCopyChats int64 `json:"phoneWithoutCopyChats" firestore:"phoneWithoutCopyChats"`
	// ReplayLost is from how many messages on that were announced after a reconnect
	// and did not come. Default: 1.
	ReplayLost int64 `json:"replayLost" firestore:"replayLost"`
	// DeviceStoreErrorsPerHour is from how many errors of a client's own store on;
	// of those that do not pass by themselves one is enough. Default: 3.
	DeviceStoreErrorsPerHour int64 `json:"deviceStoreErrorsPerHour" firestore:"deviceStoreErrorsPerHour"`
	// HandlerLagSec is how long an event may wait for the host's own handlers, in
	// seconds. Default: 60.
	HandlerLagSec float64 `json:"handlerLagSec" firestore:"handlerLagSec"`
	// PhoneUnseenDays is for how many days an account's phone may be silent, and
	// PhoneLostDays when it is urgent: after 14 WhatsApp logs its devices out. A part
	// of a day will do, 0.001 at least, for tests and demonstrations. Default: 10
	// and 12.
	PhoneUnseenDays float64 `json:"phoneUnseenDays" firestore:"phoneUnseenDays"`
	PhoneLostDays   float64 `json:"phoneLostDays" firestore:"phoneLostDays"`
	// ClientOldDays is how old the client library may be, and ClientOutdatedDays when
	// it is urgent. Default: 90 and 180.
	ClientOldDays      float64 `json:"clientOldDays" firestore:"clientOldDays"`
	ClientOutdatedDays float64 `json:"clientOutdatedDays" firestore:"clientOutdatedDays"`
	// MemoryGrowthPercent is how much of its limit the process may gain from one day
	// to the next, and MemoryFullPercent how much of it it may use, in per cent.
	// Default: 3 and 85.
	MemoryGrowthPercent float64 `json:"memoryGrowthPercent" firestore:"memoryGrowthPercent"`
	MemoryFullPercent   float64 `json:"memoryFullPercent" firestore:"memoryFullPercent"`
	// BudgetFastBurn, BudgetSlowBurn and BudgetLongBurn are how many times as fast as the
	// target lets the error budget may go over an hour, six hours and three days, to
	// three decimals. Default: 14.4, 6 and 1, which is 2 % of the budget of thirty days
	// in an hour, 5 % in six hours and 10 % in three days.
	BudgetFastBurn float64 `json:"budgetFastBurn" firestore:"budgetFastBurn"`
	BudgetSlowBurn float64 `json:"budgetSlowBurn" firestore:"budgetSlowBurn"`
	BudgetLongBurn float64 `json:"budgetLongBurn" firestore:"budgetLongBurn"`
	// BudgetMinMissed is from how many slots on that were missed since anything was last
	// told of missed ones, at least 2: however fast it looks, one is no burn. Default: 5.
	BudgetMinMissed int64 `json:"budgetMinMissed" firestore:"budgetMinMissed"`
	// FleetAccounts is from how many accounts on that are in the same trouble within
	// an hour it may be one incident that lists them. Default: 3.
	FleetAccounts int64 `json:"fleetAccounts" firestore:"fleetAccounts"`
}

// DefaultAlertThresholds are in force until someone stores others.
func DefaultAlertThresholds(interval time.Duration) AlertThresholds {
	return AlertThresholds{
		MissedHbPerHour: 3, ConsecutiveProbeFails: 2, QueueDepthThreshold: 100, ReconnectLoopThreshold: 5,
		StoreUnreachableSec: 2 * interval.Seconds(), ProbeOverduePeriods: 2, ThrottleSec: 3600,
		NotConnectedSec: 120, UnhealthySec: 300, StatusUnknownSec: 300, TooFewAccountsSec: 300,
		SessionReplaced: 2, UnreadablePerHour: 5, UnreadablePercent: 20, UnreadableSenders: 3, UnackedInARow: 2,
		UndeliveredInARow: 8, UndeliveredChats: 4, SentToNobodyPerHour: 1, PhoneWithoutCopyChats: 3, ReplayLost: 1,
		DeviceStoreErrorsPerHour: 3, HandlerLagSec: 60, PhoneUnseenDays: 10, PhoneLostDays: 12,
		ClientOldDays: 90, ClientOutdatedDays: 180, MemoryGrowthPercent: 3, MemoryFullPercent: 85,
		BudgetFastBurn: 14.4, BudgetSlowBurn: 6, BudgetLongBurn: 1, BudgetMinMissed: 5, FleetAccounts: 3,
	}
}

// minThrottleSec keeps a mistyped throttle from making a flood.
const minThrottleSec = 60

const maxProbeFails = 20

// maxDays bounds thresholds in days, and minPhoneDays those of phones: some 86 s.
const (
	maxDays      = 3650
	minPhoneDays = 0.001
)

// minBurn and maxBurn bound how fast an error budget may go.
const (
	minBurn = 0.1
	maxBurn = 1000
)

// Validate reports everything that is wrong, each error naming its field.
func (t AlertThresholds) Validate() error {
	var errs []error
	if n := t.ConsecutiveProbeFails; n > maxProbeFails {
		errs = append(errs, fmt.Errorf("consecutiveProbeFails %d is over %d", n, maxProbeFails))
	}
	for _, n := range []struct {
		field string
		value int64
		least int64
	}{
		{"missedHbPerHour", t.MissedHbPerHour, 0},
		{"consecutiveProbeFails", t.ConsecutiveProbeFails, 1},
		{"queueDepthThreshold", t.QueueDepthThreshold, 0},
		{"reconnectLoopThreshold", t.ReconnectLoopThreshold, 0},
		{"sessionReplaced", t.SessionReplaced, 1},
		{"unreadablePerHour", t.UnreadablePerHour, 1},
		{"unreadableSenders", t.UnreadableSenders, 1},
		{"unackedInARow", t.UnackedInARow, 1},
		{"undeliveredInARow", t.UndeliveredInARow, 1},
		{"undeliveredChats", t.UndeliveredChats, 1},
		{"sentToNobodyPerHour", t.SentToNobodyPerHour, 1},
		{"phoneWithoutCopyChats", t.PhoneWithoutCopyChats, 1},
		{"replayLost", t.ReplayLost, 1},
		{"deviceStoreErrorsPerHour", t.DeviceStoreErrorsPerHour, 1},
		{"budgetMinMissed", t.BudgetMinMissed, 2},
		{"fleetAccounts", t.FleetAccounts, 2},
	} {
		if n.value < n.least {
			errs = append(errs, fmt.Errorf("%s %d is under %d", n.field, n.value, n.least))
		}
	}
	for _, n := range []struct {
		field              string
		value, least, most float64
	}{
		{"storeUnreachableSec", t.StoreUnreachableSec, 1, math.MaxInt32},
		{"probeOverduePeriods", t.ProbeOverduePeriods, 1, math.MaxInt32},
		{"throttleSec", t.ThrottleSec, minThrottleSec, math.MaxInt32},
		{"notConnectedSec", t.NotConnectedSec, 0, math.MaxInt32},
		{"unhealthySec", t.UnhealthySec, 0, math.MaxInt32},
		{"statusUnknownSec", t.StatusUnknownSec, 0, math.MaxInt32},
		{"tooFewAccountsSec", t.TooFewAccountsSec, 0, math.MaxInt32},
		{"restrictedSec", t.RestrictedSec, 0, math.MaxInt32},
		{"bannedSec", t.BannedSec, 0, math.MaxInt32},
		{"handlerLagSec", t.HandlerLagSec, 1, math.MaxInt32},
		{"unreadablePercent", t.UnreadablePercent, 0, 100},
		{"phoneUnseenDays", t.PhoneUnseenDays, minPhoneDays, maxDays},
		{"phoneLostDays", t.PhoneLostDays, minPhoneDays, maxDays},
		{"clientOldDays", t.ClientOldDays, 1, maxDays},
		{"clientOutdatedDays", t.ClientOutdatedDays, 1, maxDays},
		{"memoryGrowthPercent", t.MemoryGrowthPercent, 0.1, 100},
		{"memoryFullPercent", t.MemoryFullPercent, 1, 100},
		{"budgetFastBurn", t.BudgetFastBurn, minBurn, maxBurn},
		{"budgetSlowBurn", t.BudgetSlowBurn, minBurn, maxBurn},
		{"budgetLongBurn", t.BudgetLongBurn, minBurn, maxBurn},
	} {
		if !(n.value >= n.least && n.value <= n.most) {
			errs = append(errs, fmt.Errorf("%s %v is not a number from %v to %s", n.field, n.value, n.least, strconv.FormatFloat(n.most, 'f', -1, 64)))
		}
	}
	return errors.Join(errs...)
}

// Throttle returns ThrottleSec as a duration.
func (t AlertThresholds) Throttle() time.Duration { return seconds(t.ThrottleSec) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
