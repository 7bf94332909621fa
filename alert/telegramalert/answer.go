package telegramalert

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// maxDescription is how much of Telegram's words an error repeats, in runes.
const maxDescription = 200

// answer is what the server said.
type answer struct {
	status  int // 0: nothing
	header  http.Header
	failure error // why nothing, or not all of it; without secrets
	begun   bool  // nothing came back, and the request may have arrived
	isAPI   bool  // the body has the Bot API's form

	OK          bool   `json:"ok"`
	ErrorCode   int    `json:"error_code"`
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter int64 `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"` // more than an int has on small machines
	} `json:"parameters"`
}

// read takes the body. One that is anything else than the Bot API's object
// leaves only the status.
func (a *answer) read(body []byte) {
	read := answer{status: a.status, header: a.header}
	if err := json.Unmarshal(body, &read); err != nil || !read.OK && read.ErrorCode == 0 {
		return
	}
	read.isAPI = true
	*a = read
}

// code is the HTTP status, or what the Bot API says instead.
func (a *answer) code() int {
	if a.isAPI && a.ErrorCode != 0 {
		return a.ErrorCode
	}
	return a.status
}

// sent reports whether Telegram took the message, whatever else is missing.
func (a *answer) sent() bool { return a.isAPI && a.OK && exchange.Done(a.status) }

// remedy is what can be changed about a message so that it arrives after all.
type remedy int

const (
	none remedy = iota
	migrate
	leaveTopic
	shorten
)

// remedy goes by the parameters where there are some. For the rest the Bot API
// has only words; they have been the same for years, and of those that are not
// known the answer is merely permanent.
func (a *answer) remedy() remedy {
	if !a.isAPI || a.code() != http.StatusBadRequest {
		return none
	}
	says := func(words string) bool { return strings.Contains(strings.ToLower(a.Description), words) }
	switch {
	case a.Parameters.MigrateTo != 0:
		return migrate
	case says("message thread not found"), says("topic_deleted"), says("topic_closed"):
		return leaveTopic
	case says("message is too long"), says("can't parse entities"), says("entity beginning at"):
		return shorten
	}
	return none
}

// verdict is the outcome of a message: nil when it was sent.
func (a *Alerter) verdict(said *answer) error {
	switch code := said.code(); {
	case said.sent():
		return nil
	case said.status == 0:
		return maybe(said.begun, fmt.Errorf("telegramalert: no answer: %w", said.failure))
	case code == http.StatusTooManyRequests:
		return &alert.RetryAfterError{After: said.wait(), Err: a.refusal(said)}
	case said.failure != nil:
		return maybe(exchange.Done(code), fmt.Errorf("telegramalert: answered %d, and then: %w", code, said.failure))
	case !said.isAPI:
		// Whoever this is: it is not Telegram that refuses.
		return maybe(exchange.Done(code), fmt.Errorf("telegramalert: answered %d, and not in the form of the Bot API", code))
	case said.remedy() == migrate:
		// The group moved on while the message followed it; the next try finds it.
		return a.refusal(said)
	case isPermanent(code):
		return alert.Permanent(a.refusal(said))
	}
	return a.refusal(said)
}

// maybe is an error of a message that Telegram may have taken, or of one that it
// has not.
func maybe(may bool, err error) error {
	if may {
		return alert.Unknown(err)
	}
	return err
}

// isPermanent reports whether only a person can help: all refusals but those
// that are about time.
func isPermanent(code int) bool {
	return code != http.StatusConflict && exchange.Final(code)
}

// wait is how long Telegram wants to be left alone, or whoever stands before it.
func (a *answer) wait() time.Duration {
	if after := exchange.Seconds(a.Parameters.RetryAfter); after > 0 {
		return after
	}
	return cmp.Or(exchange.RetryAfter(a.header), exchange.DefaultWait)
}

// refusal is Telegram's own words, as far as they can be repeated.
func (a *Alerter) refusal(said *answer) error {
	text := fmt.Sprintf("telegramalert: answered %d", said.code())
	if words := redact.Text(said.Description, maxDescription, secrets(a.token)...); words != "" {
		text += ": " + words
	}
	return errors.New(text)
}

// secrets are the token, and its second half, which is as good.
func secrets(token string) []string {
	_, half, _ := strings.Cut(token, ":")
	return []string{token, half}
}
