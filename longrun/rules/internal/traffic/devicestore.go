// Package traffic has the rules about what becomes of an account's messages, in and
// out, as the host follows them.
//
// They count what was followed, and nothing else: silence is no trouble to them. An
// account that nobody writes to and one whose messages are lost on the way look the
// same here; that is for probes to tell.
package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// DeviceStore names the rule that a client cannot use its own store: then messages
// are lost in both directions, and nobody gets an error.
const DeviceStore longrun.RuleID = "device_store"

// StoreRule is the row of DeviceStore: Bad when so many errors came within the hour,
// or one that does not pass by itself, and the last one within ten minutes; Good once
// ten minutes have passed without.
func StoreRule() account.Rule {
	return account.Rule{
		ID: DeviceStore, Severity: longrun.Critical, Explains: []longrun.RuleID{Undecryptable, SentToNobody, PhoneWithoutCopy},
		Probe:  func(*longrun.Probe) bool { return true },
		Works:  "the client's own store works again",
		LookAt: "the database that the client keeps its keys in: is it locked by another process, full, read-only or broken",
		Many:   "cannot use the store of their client",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			tooMuch := t.StoreErrors >= max(l.Limits.DeviceStoreErrorsPerHour, 1) || t.StoreBroken > 0
			return l.Burst(tooMuch, t.LastStoreError, storeQuiet)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t, threshold := &l.Account.Traffic, max(l.Limits.DeviceStoreErrorsPerHour, 1)
			errors := max(t.StoreErrors, t.StoreBroken)
			l.SayBurst(f, errors, threshold, time.Time{}, t.LastStoreError)
			if f.Condition != finding.Bad {
				return
			}
			f.Summary = "the device store of account " + l.Account.ID + " refused " + words.Counted(errors, "call") + " in the last hour, "
			if t.StoreBroken > 0 {
				f.Summary += "and does not recover by itself: it is full, read-only or broken"
			} else {
				f.Summary += words.Number(threshold) + " are too many"
			}
		},
	}
}

// storeQuiet is how long no error must have come.
const storeQuiet = 10 * time.Minute
