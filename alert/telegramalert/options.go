package telegramalert

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	defaultTimeout = 20 * time.Second
	defaultAPIURL  = "https://api.telegram.org"
)

// Options are what New can be told beside token and chat. The zero value is
// ready.
type Options struct {
	// TopicID is the topic of a forum group. 0 means the group itself.
	TopicID int
	// APIURL is the server of the Bot API, without the token and what follows.
	// Empty means https://api.telegram.org.
	APIURL string
	// HTTPClient makes the requests. It is copied; redirects are never followed,
	// since they would carry the token on. nil means a client of the standard
	// library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert, all its attempts together. 0 means 20s.
	Timeout time.Duration
	// Logger is told what Notice says, once, as a warning. nil means nobody is.
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.APIURL == "" {
		o.APIURL = defaultAPIURL
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

var (
	tokenForm = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]{20,}$`)
	chatForm  = regexp.MustCompile(`^(-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{3,})$`)
)

// validate names every mistake, and repeats none of what may be secret: people
// paste a token into the wrong field.
func (o *Options) validate(token, chatID string) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("telegramalert: "+format, args...))
	}
	switch {
	case token == "":
		bad("token is empty")
	case !tokenForm.MatchString(token):
		bad("token has not the form 123456:ABC-DEF…, as @BotFather gives it")
	}
	switch {
	case chatID == "":
		bad("chatID is empty")
	case !chatForm.MatchString(chatID):
		bad("chatID is neither a number, such as -1001234…, nor an @name")
	}
	if o.TopicID < 0 {
		bad("Options.TopicID %d is negative", o.TopicID)
	}
	if o.Timeout < 0 {
		bad("Options.Timeout %v is negative", o.Timeout)
	}
	if err := validateURL(o.APIURL); err != nil {
		bad("Options.APIURL %w", err)
	}
	return errors.Join(errs...)
}

func validateURL(address string) error {
	switch u, err := url.Parse(address); {
	case err != nil:
		return errors.New("is no URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return errors.New("has not the form https://host")
	case u.User != nil, u.RawQuery != "", u.Fragment != "", strings.Contains(u.Path, ":"):
		return errors.New("has more than a host and a path, or a token in it")
	}
	return nil
}
