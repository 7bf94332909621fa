package tap

import (
	"encoding/json"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// timelock is what the server says of a restriction.
type timelock struct {
	Data struct {
		Notified struct {
			Active bool            `json:"is_active"`
			Ends   json.RawMessage `json:"time_enforcement_ends"`
		} `json:"xwa2_notify_account_reachout_timelock"`
	} `json:"data"`
}

// odd reads a restriction whose end is a number: the client takes texts alone there,
// and drops the whole for it.
func odd(n *waBinary.Node) (until time.Time, is bool) {
	if attr(n, "type") != "mex" {
		return time.Time{}, false
	}
	for _, child := range children(n) {
		text, ok := child.Content.([]byte)
		var t timelock
		if !ok || attr(&child, "op_name") != "NotificationUserReachoutTimelockUpdate" || json.Unmarshal(text, &t) != nil || !t.Data.Notified.Active {
			continue
		}
		var seconds int64
		if json.Unmarshal(t.Data.Notified.Ends, &seconds) != nil {
			continue
		}
		if seconds > 0 {
			until = time.Unix(seconds, 0).UTC()
		}
		return until, true
	}
	return time.Time{}, false
}
