package longrun

import (
	"errors"
	"fmt"
	"math"
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
}

// DefaultAlertThresholds are in force until someone stores others.
func DefaultAlertThresholds(interval time.Duration) AlertThresholds {
	return AlertThresholds{
		MissedHbPerHour: 3, ConsecutiveProbeFails: 2, QueueDepthThreshold: 100, ReconnectLoopThreshold: 5,
		StoreUnreachableSec: 2 * interval.Seconds(), ProbeOverduePeriods: 2, ThrottleSec: 3600,
	}
}

// minThrottleSec keeps a mistyped throttle from making a flood.
const minThrottleSec = 60

const maxProbeFails = 20

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
	} {
		if n.value < n.least {
			errs = append(errs, fmt.Errorf("%s %d is under %d", n.field, n.value, n.least))
		}
	}
	for _, n := range []struct {
		field        string
		value, least float64
	}{{"storeUnreachableSec", t.StoreUnreachableSec, 1}, {"probeOverduePeriods", t.ProbeOverduePeriods, 1}, {"throttleSec", t.ThrottleSec, minThrottleSec}} {
		if !(n.value >= n.least && n.value <= math.MaxInt32) {
			errs = append(errs, fmt.Errorf("%s %v is not a number from %v to %d", n.field, n.value, n.least, math.MaxInt32))
		}
	}
	return errors.Join(errs...)
}

// Throttle returns ThrottleSec as a duration.
func (t AlertThresholds) Throttle() time.Duration { return seconds(t.ThrottleSec) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
