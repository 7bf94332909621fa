// Package telegramalert sends messages to a Telegram chat, by a bot.
//
// What it does not do: it reads no updates and takes no commands, it makes no
// call before the first message (so a token that Telegram does not know shows
// then, not in New), it waits for no rate limit, and it does not repeat a
// message that failed; the caller does. A connection that breaks after Telegram
// took a message looks like one that broke before, so the repetition may be the
// second one that people see: they tell by the Key in its last lines.
//
// # What becomes of an answer
//
//	sent                            nil
//	429                             *alert.RetryAfterError with Telegram's seconds
//	the group became a supergroup   sent again, once, to the new chat; see Notice
//	the topic is gone or closed     sent again, once, to the chat itself; see Notice
//	text too long, bad entities     sent again, once, shorter and plain
//	401, 403, 404, other 400s       alert.Permanent: somebody must change something
//	a connection that broke behind
//	the request, time up, a 200 that
//	is not the Bot API's            alert.Unknown: it may have been sent; try again
//	5xx, nobody there, any other
//	answer that is not the Bot
//	API's                           an error; try again
//
// # Text
//
// Messages are plain text, with the first line in bold by an entity and never by
// a markup language, so that nothing needs escaping and no message is refused
// for what somebody wrote in it. Links make no previews.
//
// # Secrets
//
// The token stands in the address of each request. No error of this package
// contains it, in any form: what the HTTP client and the server say is cleaned
// of it, and errors.Is finds no more in a failed call than
// context.DeadlineExceeded and context.Canceled.
package telegramalert

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// Alerter is an alert.Alerter for one Telegram chat. Its methods are safe for
// concurrent use.
type Alerter struct {
	bot     *bot.Bot
	token   string
	timeout time.Duration
	logger  *slog.Logger

	mu    sync.Mutex
	to    address
	moved string // the notice of the last move
	left  string // the notice of the topic that was left
}

var _ alert.Alerter = (*Alerter)(nil)

// address is where messages go.
type address struct {
	chat  string
	topic int
}

// New returns an Alerter for a chat: the ID of a user, a group (with its minus
// sign) or a channel, or a public @name. token is the bot's, from @BotFather. It
// calls nobody. The error names every mistake, and never the token.
func New(token, chatID string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.setDefaults()
	if err := o.validate(token, chatID); err != nil {
		return nil, err
	}
	b, err := bot.New(token,
		bot.WithSkipGetMe(),
		bot.WithServerURL(strings.TrimRight(o.APIURL, "/")),
		bot.WithHTTPClient(o.Timeout, &requester{exchange.Still(o.HTTPClient), secrets(token)}),
		// Otherwise it logs to the standard library's logger.
		bot.WithErrorsHandler(func(error) {}),
		bot.WithDebugHandler(func(string, ...any) {}),
	)
	if err != nil {
		return nil, fmt.Errorf("telegramalert: the bot: %w", redact.Error(err, secrets(token)...))
	}
	return &Alerter{
		bot: b, token: token, timeout: o.Timeout, logger: o.Logger,
		to: address{chat: chatID, topic: o.TopicID},
	}, nil
}

// Notice says what a person should change in the configuration though messages
// arrive: the group has a new ID, the topic is gone. It is empty when there is
// nothing. What it tells is remembered by this Alerter alone, so the next
// process starts with the old configuration.
func (a *Alerter) Notice() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.moved != "" && a.left != "" {
		return a.moved + "; " + a.left
	}
	return a.moved + a.left
}

// Alert sends m, as the package comment says. The error is Permanent when
// trying again is no use, and holds an *alert.RetryAfterError when Telegram asks
// to wait.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("telegramalert: not sent: %w", err)
	}
	text := newText(m.Text())
	var moved, left, shortened bool // each remedy once
	for {
		to := a.address()
		answer := a.send(ctx, to, text)
		switch remedy := answer.remedy(); {
		case remedy == migrate && !moved:
			moved = true
			a.move(ctx, to, answer.Parameters.MigrateTo)
		case remedy == leaveTopic && !left && to.topic != 0:
			left = true
			a.leave(ctx, to)
		case remedy == shorten && !shortened:
			shortened = true
			text = message{text: m.ShortText()}
		default:
			return a.verdict(answer)
		}
	}
}

func (a *Alerter) address() address {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.to
}

// move follows a group to its new ID, unless another call has.
func (a *Alerter) move(ctx context.Context, from address, to int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.to.chat != from.chat {
		return
	}
	a.to.chat = strconv.FormatInt(to, 10)
	a.moved = a.notice(ctx, fmt.Sprintf("the group became a supergroup with the ID %d: configure that one", to))
}

// leave sends to the chat itself from now on, unless another call has seen to
// it.
func (a *Alerter) leave(ctx context.Context, from address) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.to.topic != from.topic {
		return
	}
	a.to.topic = 0
	a.left = a.notice(ctx, fmt.Sprintf("the topic %d is gone or closed: messages go to the chat itself", from.topic))
}

// notice logs what a person should know, and returns it.
func (a *Alerter) notice(ctx context.Context, text string) string {
	a.logger.WarnContext(ctx, "telegram chat changed", "notice", text)
	return text
}
