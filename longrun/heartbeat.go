package longrun

import "time"

// Heartbeat says that one instance was alive, and led, in one slot, and what it
// knew of its host then. Its document's ID is the slot's.
type Heartbeat struct {
	// BucketID is the slot's ID.
	BucketID string `json:"bucketId" firestore:"bucketId"`
	// TS is when the beat was made; it lies in its slot.
	TS time.Time `json:"ts" firestore:"ts"`
	// TSISO is TS for people, RFC 3339 with milliseconds.
	TSISO string `json:"tsIso" firestore:"tsIso"`
	// CommitHash names the build that was running.
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	// InstanceID names the process or machine that wrote the beat.
	InstanceID string `json:"instanceId" firestore:"instanceId"`
	// UptimeSec is the age of the process in whole seconds.
	UptimeSec int64 `json:"uptimeSec" firestore:"uptimeSec"`
	// MemoryRSS is the resident memory of the process in bytes.
	MemoryRSS int64 `json:"memoryRss" firestore:"memoryRss"`
	// ConnectedCount, ReconnectingCount and NeedsQRCount count the host's
	// accounts by state; QueueDepth is what waits to be sent. All are as the
	// host's status function told them.
	ConnectedCount    int64 `json:"connectedCount" firestore:"connectedCount"`
	ReconnectingCount int64 `json:"reconnectingCount" firestore:"reconnectingCount"`
	NeedsQRCount      int64 `json:"needsQrCount" firestore:"needsQrCount"`
	QueueDepth        int64 `json:"queueDepth" firestore:"queueDepth"`
	// ExpectedIntervalSec is the length of the slot in seconds: what the beat covers,
	// and fills in slots of any other length; see coverage.Grid.
	ExpectedIntervalSec int64 `json:"expectedIntervalSec" firestore:"expectedIntervalSec"`
	// DriftSec is TS minus the slot's start, in seconds: never negative,
	// always under the interval.
	DriftSec float64 `json:"driftSec" firestore:"driftSec"`
	// Healthy is what the host called itself, with as many accounts connected as the
	// settings expect; false when it could not say.
	Healthy bool `json:"healthy" firestore:"healthy"`
	// HealthUnknown says that the document has no such field, as those of the original
	// system, or null there: the host called itself healthy, and whoever made the beat had
	// not read yet how many accounts are expected. Healthy is false then, and means
	// nothing. It has no field of its own.
	HealthUnknown bool `json:"-" firestore:"-"`
	// StatusError says why the counts are missing: the host's status function
	// failed or took too long. The beat still stands.
	StatusError string `json:"statusError" firestore:"statusError"`
	// Epoch is the lease's fencing token under which the beat was written.
	Epoch int64 `json:"epoch" firestore:"epoch"`
	// Late marks a beat that was made in its slot and written after it, when
	// the store was back.
	Late bool `json:"late" firestore:"late"`
	// ChainSeq counts the beats in the order of their commits, and PrevHash is
	// the Hash of the beat before, in hexadecimal: an edited, inserted or
	// deleted document breaks the chain.
	ChainSeq int64  `json:"chainSeq" firestore:"chainSeq"`
	PrevHash string `json:"prevHash" firestore:"prevHash"`
	// Counts says more of the host's accounts together; what is 0 is left out. How many
	// accounts are "degraded", "stopped" (or outdated), "restricted" and "banned"; and of
	// the hour before how many messages were "received", "sent", "unreadable",
	// "unacked", "undelivered", "toNobody" and "replayLost", in how many chats the phone
	// got none, "noPhone", and how many "storeErrors" there were: see Traffic. Nobody
	// changes it.
	Counts map[string]int64 `json:"counts" firestore:"counts"`
}

// NoStatus is StatusError where no status function is configured.
const NoStatus = "no status function is configured"

// Beat returns the heartbeat of the slot that now lies in, with what follows
// from the time alone.
func Beat(now time.Time, interval time.Duration) Heartbeat {
	now = now.UTC().Truncate(time.Microsecond)
	slot := SlotAt(now, interval)
	return Heartbeat{
		BucketID:            slot.ID(interval),
		TS:                  now,
		TSISO:               ISO(now),
		ExpectedIntervalSec: int64(interval / time.Second),
		// Not Seconds, which may miss the nearest float64: this is 1.269, that
		// 1.2690000000000001.
		DriftSec: float64(now.Sub(slot.Start(interval)).Microseconds()) / 1e6,
		Counts:   map[string]int64{},
	}
}

// Describe sets the counts of the beat to what a host says of itself at its time.
func (h *Heartbeat) Describe(s *HostStatus) {
	h.ConnectedCount, h.ReconnectingCount, h.NeedsQRCount, h.QueueDepth = s.Connected, s.Reconnecting, s.NeedsQR, s.QueueDepth
	var all Traffic
	var degraded, stopped, restricted, banned int64
	for i := range s.Accounts {
		a := &s.Accounts[i]
		all.add(&a.Traffic)
		degraded += one(a.State == "degraded")
		stopped += one(a.State == "stopped" || a.State == "outdated")
		restricted += one(a.Restricted.Lasts(h.TS))
		banned += one(a.Banned.Lasts(h.TS))
	}
	h.Counts = map[string]int64{}
	for name, n := range map[string]int64{
		"degraded": degraded, "stopped": stopped, "restricted": restricted, "banned": banned,
		"received": all.Received, "sent": all.Sent, "unreadable": all.Unreadable, "unacked": all.Unacked, "undelivered": all.Undelivered,
		"toNobody": all.ToNobody, "replayLost": all.ReplayLost, "noPhone": all.NoPhone, "storeErrors": all.StoreErrors,
	} {
		if n != 0 {
			h.Counts[name] = n
		}
	}
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// ISO is a time as documents show it to people: RFC 3339 in UTC with
// milliseconds.
func ISO(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// Slot returns the slot the beat fills, from when it was made and not from its
// ID: the beats of older systems have IDs of their own.
func (h Heartbeat) Slot(interval time.Duration) Slot { return SlotAt(h.TS, interval) }

// Started returns when the process that made the beat began, to the second.
func (h Heartbeat) Started() time.Time {
	return h.TS.Add(-time.Duration(h.UptimeSec) * time.Second)
}
