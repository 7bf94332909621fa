package longrun

import "time"

// Seal closes a segment of the chain of beats: those numbered FirstSeq to
// LastSeq. It is stored once, in the rollup of the day that it was made for, and
// never changed: a beat that comes late lies in the segment that is open then.
// The chain says that nothing was edited since; a signature says who sealed it.
type Seal struct {
	// TS is when it was sealed.
	TS time.Time `json:"ts" firestore:"ts"`
	// FirstSeq and LastSeq are the chain numbers of the first and the last beat
	// of the segment, and Beats is how many it has.
	FirstSeq int64 `json:"firstSeq" firestore:"firstSeq"`
	LastSeq  int64 `json:"lastSeq" firestore:"lastSeq"`
	Beats    int64 `json:"beats" firestore:"beats"`
	// PrevHash is the Hash of the beat before the segment, empty before the first
	// beat of all, and LastHash that of its last beat.
	PrevHash string `json:"prevHash" firestore:"prevHash"`
	LastHash string `json:"lastHash" firestore:"lastHash"`
	// KeyID names the key of the Signature; both are empty where there is none.
	KeyID     string `json:"keyId" firestore:"keyId"`
	Signature string `json:"signature" firestore:"signature"`
}
