package entry

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// MinToken is the least length of a token, in characters: a shorter one is
// guessed.
const MinToken = 16

// CheckToken reports what is wrong with a token, without a word of it. None is
// right. The error begins where the name of the token ends.
func CheckToken(token string) error {
	switch {
	case token == "":
		return nil
	case strings.TrimSpace(token) == "":
		return errors.New("is blank")
	case strings.TrimSpace(token) != token:
		return errors.New("has white space around it, which no caller can send")
	case strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r >= 0x7f }):
		return errors.New("has a character that is not ASCII, or none to be seen")
	case len(token) < MinToken:
		return fmt.Errorf("has %d characters, and %d are the least", len(token), MinToken)
	}
	return nil
}

// Bearer returns the token that a request shows in its Authorization header, and
// whether it shows one.
func Bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// SameToken compares in a time that depends on neither token: both are hashed, so
// that not even their lengths show.
func SameToken(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
