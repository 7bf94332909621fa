package webhookalert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The headers of a request.
const (
	IdempotencyHeader = "Idempotency-Key"
	TimestampHeader   = "Longwatch-Timestamp"
	SignatureHeader   = "Longwatch-Signature"
)

// Tolerance is how far a timestamp may be from the receiver's time, before or
// after, so that a request that was overheard is of no use later.
const Tolerance = 5 * time.Minute

// ErrSignature is what every error of Verify is, for errors.Is.
var ErrSignature = errors.New("webhookalert: not signed as it should be")

// sign is the signature over a timestamp and a body.
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Verify tells a receiver whether a request comes from an Alerter with this
// secret, is whole, and is not an old one: nil, or an error that is
// ErrSignature and says what is wrong. body is the raw body, and now the
// receiver's time. Within the Tolerance a repetition passes: who must not act
// twice remembers the Idempotency-Key.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	if secret == "" {
		return fmt.Errorf("%w: the secret is empty", ErrSignature)
	}
	timestamp := header.Get(TimestampHeader)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the timestamp is no number", ErrSignature)
	}
	if !hmac.Equal([]byte(header.Get(SignatureHeader)), []byte(sign(secret, timestamp, body))) {
		return fmt.Errorf("%w: the signature is another", ErrSignature)
	}
	if off := now.Sub(time.Unix(seconds, 0)).Abs(); off > Tolerance {
		return fmt.Errorf("%w: the timestamp is %v off", ErrSignature, off.Round(time.Second))
	}
	return nil
}
