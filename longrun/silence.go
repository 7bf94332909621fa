package longrun

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Silence keeps matching alerts from being told for a time. It changes no state
// and no incident, and what still fires when it ends is told then.
type Silence struct {
	// SilenceID is the document's ID.
	SilenceID string `json:"silenceId" firestore:"silenceId"`
	// TS and From are when it begins, the same; whoever stores it fills in TS.
	TS   time.Time `json:"ts" firestore:"ts"`
	From time.Time `json:"from" firestore:"from"`
	// Until is when it ends; every silence has an end.
	Until time.Time `json:"until" firestore:"until"`
	// Rule and Target are what it silences; empty means any.
	Rule   RuleID `json:"rule" firestore:"rule"`
	Target string `json:"target" firestore:"target"`
	// By is who asked for it, and Reason why.
	By      string    `json:"by" firestore:"by"`
	Reason  string    `json:"reason" firestore:"reason"`
	Created time.Time `json:"created" firestore:"created"`
}

// MaxSilence is the longest that a silence may last.
const MaxSilence = 30 * 24 * time.Hour

const maxText = 200

// Validate reports everything that is wrong, each error naming its field.
func (s Silence) Validate() error {
	var errs []error
	if s.From.IsZero() {
		errs = append(errs, errors.New("from is missing"))
	}
	if s.Until.IsZero() {
		errs = append(errs, errors.New("until is missing: a silence has an end"))
	}
	if !s.TS.IsZero() && !s.TS.Equal(s.From) { // it is found by TS
		errs = append(errs, errors.New("ts is not the same as from"))
	}
	switch {
	case s.From.IsZero() || s.Until.IsZero():
	case !s.Until.After(s.From):
		errs = append(errs, fmt.Errorf("until %s is not after from %s", s.Until.UTC().Format(time.RFC3339), s.From.UTC().Format(time.RFC3339)))
	case s.Until.Sub(s.From) > MaxSilence:
		errs = append(errs, fmt.Errorf("until is more than %d days after from", int(MaxSilence.Hours()/24)))
	}
	if s.Rule != "" {
		errs = append(errs, s.Rule.Validate())
	}
	return errors.Join(append(errs, checkText("target", s.Target), checkText("by", s.By), checkText("reason", s.Reason))...)
}

// checkText reports what is wrong with a text that people wrote.
func checkText(field, text string) error {
	if len(text) > maxText || !utf8.ValidString(text) {
		return fmt.Errorf("%s is not at most %d bytes of UTF-8", field, maxText)
	}
	return nil
}

// Matches reports whether the silence holds for a rule and target at a time.
func (s Silence) Matches(r RuleID, target string, now time.Time) bool {
	return !now.Before(s.From) && now.Before(s.Until) && (s.Rule == "" || s.Rule == r) && (s.Target == "" || s.Target == target)
}
