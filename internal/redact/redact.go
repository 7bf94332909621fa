// Package redact takes secrets out of what others say: the errors of HTTP
// clients, which contain addresses, and the words of servers, which may echo
// what they were sent.
//
// It knows only the secrets that it is given, telephone numbers, and passwords
// where an address has them. What is built from parts that are known to be
// harmless needs none of it.
//
// A text is cut before it is searched, so that a long one costs what is shown of
// it.
package redact

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// mask stands in the place of a secret.
const mask = "***"

// digits are what may be a telephone number: many of them, or groups behind a
// plus sign.
var digits = regexp.MustCompile(`\+\d{1,3}(?:[ ./()-]{0,2}\d){7,13}|\d{7,}`)

// longestNumber is above what of a number may be cut off without that what is
// left looks like none.
const longestNumber = 64

// Text returns s as one line of at most limit runes, without secrets, also where
// they are escaped as in a URL, and with long runs of digits masked.
func Text(s string, limit int, secrets ...string) string {
	var forms []string
	for _, secret := range secrets {
		for _, form := range []string{secret, url.PathEscape(secret), url.QueryEscape(secret)} {
			if form != "" {
				forms = append(forms, form)
			}
		}
	}
	s = whole(s, limit, forms, func(s string) string {
		for _, form := range forms {
			s = strings.ReplaceAll(s, form, mask)
		}
		return digits.ReplaceAllStringFunc(visible.Quiet(s, len(s)), func(run string) string {
			number := strings.TrimPrefix(run, "+")
			return run[:len(run)-len(number)] + number[:2] + "…" + number[len(number)-2:]
		})
	})
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:max(limit-1, 0)]) + "…"
	}
	return s
}

// whole has the beginning of s cleaned, and takes of the outcome away what may
// stem from a secret or number that the cut went through.
func whole(s string, limit int, forms []string, clean func(string) string) string {
	longest := longestNumber
	for _, form := range forms {
		longest = max(longest, len(form))
	}
	const grows = 3 // a byte that is no text becomes three that are
	tail := grows * longest
	bound := 8*limit + tail
	if len(s) <= bound {
		return clean(s)
	}
	s = clean(s[:bound])
	return visible.Head(s, len(s)-tail)
}

// maxError is how long the text of an Error may be, in runes.
const maxError = 300

// Error returns an error that says what err says, made safe by Text, and without
// the address that an *url.Error has. errors.Is finds context.Canceled and
// context.DeadlineExceeded in it, and nothing else of err: the chain below would
// tell what the text does not. Error of nil is nil.
func Error(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	said := err
	if address, ok := errors.AsType[*url.Error](err); ok && address.Err != nil {
		said = address.Err
	}
	r := &redacted{text: Text(said.Error(), maxError, secrets...)}
	switch {
	case errors.Is(err, context.Canceled):
		r.cause = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		r.cause = context.DeadlineExceeded
	}
	return r
}

type redacted struct {
	text  string
	cause error
}

func (r *redacted) Error() string { return r.text }
func (r *redacted) Unwrap() error { return r.cause }
