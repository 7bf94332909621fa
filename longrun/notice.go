package longrun

import (
	"strconv"
	"time"
)

// NoticeKind is what a message in the outbox says.
type NoticeKind string

// The kinds of notices.
const (
	NoNotice       NoticeKind = ""
	NoticeFiring   NoticeKind = "firing"
	NoticeReminder NoticeKind = "reminder"
	NoticeResolved NoticeKind = "resolved"
	// NoticeFlapping says of something that it changes too often to be told of each
	// change, and how it is now: over if it has an end.
	NoticeFlapping NoticeKind = "flapping"
)

// NoticeState is what became of a message.
type NoticeState string

// What becomes of a message.
const (
	// Waiting: it is to be sent, or being sent.
	Waiting NoticeState = "waiting"
	// Sent: the channel took it.
	Sent NoticeState = "sent"
	// Undelivered: the channel refused it for good, or did not take it for days. It
	// is kept, and told when the channel works again. One without UndeliveredSince is
	// of a version that gave such messages up: it counts while its incident is open.
	Undelivered NoticeState = "failed"
	// Obsolete: another message says more, or it is too old to help anyone.
	Obsolete NoticeState = "obsolete"
)

// Notice is one message in the outbox: it was decided in the same commit as the
// state that it tells of, and is sent afterwards, at least once.
type Notice struct {
	// NoticeID is the document's ID, see NoticeID.
	NoticeID string `json:"noticeId" firestore:"noticeId"`
	// TS is when it is due.
	TS time.Time `json:"ts" firestore:"ts"`
	// Created is when it was decided.
	Created time.Time   `json:"created" firestore:"created"`
	Kind    NoticeKind  `json:"kind" firestore:"kind"`
	State   NoticeState `json:"state" firestore:"state"`
	// Key stands in the text, so that a message which comes twice is known.
	Key        string   `json:"key" firestore:"key"`
	IncidentID string   `json:"incidentId" firestore:"incidentId"`
	Rule       RuleID   `json:"rule" firestore:"rule"`
	Target     string   `json:"target" firestore:"target"`
	Severity   Severity `json:"severity" firestore:"severity"`
	Summary    string   `json:"summary" firestore:"summary"`
	// Since is when the condition began, Until when it ended; nil until then.
	Since time.Time  `json:"since" firestore:"since"`
	Until *time.Time `json:"until" firestore:"until"`
	// Instances are those that it is about, as in Incident; InstanceID is the one
	// that tells.
	Instances []string `json:"instances" firestore:"instances"`
	// Cause is why, as far as it is known, and Details are further lines.
	Cause   string   `json:"cause" firestore:"cause"`
	Details []string `json:"details" firestore:"details"`
	// LastedSec is how long the trouble took, in seconds; nil while it goes on.
	LastedSec  *float64 `json:"lastedSec" firestore:"lastedSec"`
	InstanceID string   `json:"instanceId" firestore:"instanceId"`
	CommitHash string   `json:"commitHash" firestore:"commitHash"`
	// Attempts counts how often it was handed to the channel.
	Attempts int64 `json:"attempts" firestore:"attempts"`
	// ClaimedBy is the instance that is sending it, and ClaimedUntil when that
	// counts as broken off.
	ClaimedBy    string     `json:"claimedBy" firestore:"claimedBy"`
	ClaimedUntil *time.Time `json:"claimedUntil" firestore:"claimedUntil"`
	// NotBefore is until when the channel has asked to be left alone; it holds
	// for every message.
	NotBefore *time.Time `json:"notBefore" firestore:"notBefore"`
	// SentAt is when the channel took it, or the first of several channels did.
	SentAt *time.Time `json:"sentAt" firestore:"sentAt"`
	// Error is what the last attempt ended with; empty after one that succeeded.
	Error string `json:"error" firestore:"error"`
	// UndeliveredSince is since when it, or what it says too, could not be
	// delivered; nil where that was never so.
	UndeliveredSince *time.Time `json:"undeliveredSince" firestore:"undeliveredSince"`
	// Untold says of a resolved one that the message of the beginning was not
	// delivered: this one says both.
	Untold bool `json:"untold" firestore:"untold"`
	// More counts the incidents of the same rule and target that were before this
	// one, are over, and of which nobody is told any more.
	More int64 `json:"more" firestore:"more"`
}

// NoticeID names the message number seq of an incident's rule and target.
func NoticeID(incidentID string, seq int64) string {
	return incidentID + "_" + strconv.FormatInt(seq, 10)
}
