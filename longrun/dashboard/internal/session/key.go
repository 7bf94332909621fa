package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// maxLen bounds what is looked at.
const maxLen = 200

// Key signs sessions, and the forms of each. It is safe for concurrent use.
type Key struct {
	key   []byte
	token bool
}

// NewKey derives the key from the token, so that whoever changes the token ends all
// sessions, and every instance with the same one takes them. Without a token it is
// random, and signs forms alone.
func NewKey(token string) Key {
	if token == "" {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // which never fails
		return Key{key: key}
	}
	return Key{key: sign([]byte(token), "longwatch dashboard", "key"), token: true}
}

// sign is a keyed hash of parts, none of which runs into the next.
func sign(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return mac.Sum(nil)
}

// New returns a session that ends at end, to the second: all that is known of it is
// in it.
func (k Key) New(end time.Time) string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // which never fails
	body := strconv.FormatInt(end.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(nonce)
	return body + "." + k.text("session", body)
}

// Holds reports whether a session was signed with this key and is not over at now.
func (k Key) Holds(session string, now time.Time) bool {
	i := strings.LastIndexByte(session, '.')
	if i < 0 || !k.token || len(session) > maxLen || !hmac.Equal([]byte(session[i+1:]), []byte(k.text("session", session[:i]))) {
		return false
	}
	end, _, _ := strings.Cut(session, ".")
	sec, err := strconv.ParseInt(end, 10, 64)
	return err == nil && now.Before(time.Unix(sec, 0))
}

// Form is what each form of a session carries: another site's page cannot read it.
func (k Key) Form(session string) string { return k.text("form", session) }

// IsForm reports whether a form is one of the session's.
func (k Key) IsForm(form, session string) bool {
	return hmac.Equal([]byte(form), []byte(k.Form(session)))
}

func (k Key) text(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(sign(k.key, parts...))
}
