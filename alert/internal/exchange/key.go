package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
)

// maxKey is how long a Key may be.
const maxKey = 200

// Key is what a message is the same by, its key and kind, in the characters that
// a header and a path may have; empty where the message has no Key.
func Key(m alert.Message) string {
	if m.Key == "" {
		return ""
	}
	key := url.QueryEscape(strings.TrimPrefix(m.Key, "#")) + "." + url.QueryEscape(string(m.Kind))
	if len(key) > maxKey {
		sum := sha256.Sum256([]byte(key))
		return hex.EncodeToString(sum[:])
	}
	return key
}
