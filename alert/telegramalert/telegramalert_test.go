package telegramalert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
)

const (
	chat  = "-5001"
	moved = int64(-1001234567890)
)

// pair is an Alerter and the server that it sends to.
type pair struct {
	*telegramalert.Alerter
	server *alerttest.Telegram
	log    *bytes.Buffer
}

func newPair(t *testing.T, opts telegramalert.Options, answers ...alerttest.Answer) pair {
	t.Helper()
	p := pair{server: alerttest.NewTelegram(), log: &bytes.Buffer{}}
	t.Cleanup(p.server.Close)
	p.server.Then(answers...)
	opts.APIURL = p.server.URL()
	opts.Logger = slog.New(slog.NewJSONHandler(p.log, nil))
	// A client of its own, so that no connection outlives the test.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	if opts.HTTPClient == nil {
		opts.HTTPClient = &http.Client{Transport: transport}
	}
	a, err := telegramalert.New(p.server.Token(), chat, &opts)
	require.NoError(t, err)
	p.Alerter = a
	return p
}

// leaksNothing is required of all that was said.
func (p pair) leaksNothing(t *testing.T, errs ...error) {
	t.Helper()
	token := p.server.Token()
	_, half, _ := strings.Cut(token, ":")
	texts := []any{p.log.String(), p.Notice()}
	for _, err := range errs {
		texts = append(texts, err)
	}
	alerttest.LeaksNoSecret(t, []string{token, half}, texts...)
}

func firing() alert.Message {
	return alert.Message{
		Kind: alert.Firing, Rule: "logged_out", Target: "49…78", Summary: "the account needs a QR code",
		Since: time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC), Key: "#logged_out-1", Link: "https://ops.example.org/",
	}
}

func Example() {
	server := alerttest.NewTelegram() // in the place of Telegram
	defer server.Close()
	a, err := telegramalert.New(server.Token(), "-1001234567890", &telegramalert.Options{TopicID: 7, APIURL: server.URL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"})
	fmt.Println(err)
	fmt.Println(server.Messages()[0].Text)
	// Output:
	// <nil>
	// [FIRING] logged_out
	// #logged_out-1
}

func ExampleNew() {
	_, err := telegramalert.New("my-token", "", nil)
	fmt.Println(err)
	// Output:
	// telegramalert: token has not the form 123456:ABC-DEF…, as @BotFather gives it
	// telegramalert: chatID is empty
}

func TestAMessageArrivesAsPlainTextWithABoldFirstLine(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{TopicID: 7})
	m := firing()
	m.Rule = "😀 rule"
	require.NoError(t, p.Alert(t.Context(), m))
	require.Equal(t, []alerttest.TelegramMessage{{
		ChatID: chat, TopicID: 7, Text: m.Text(), NoPreview: true,
		Entities: []alerttest.TelegramEntity{{Type: "bold", Offset: 0, Length: len("[FIRING] ") + 2 + len(" rule · 49…78") - 3}},
	}}, p.server.Messages())
	require.Empty(t, p.Notice())
}

// What becomes of each answer.
func TestEveryAnswerHasItsOutcome(t *testing.T) {
	t.Parallel()
	const (
		sent = iota
		permanent
		transient
		wait
	)
	type row struct {
		answers  []alerttest.Answer
		outcome  int
		requests int
		says     string
		wait     time.Duration
		notice   string
	}
	refusal := alerttest.Refusal
	one := func(a alerttest.Answer) []alerttest.Answer { return []alerttest.Answer{a} }
	for name, c := range map[string]row{
		"ok":               {one(alerttest.OKAnswer()), sent, 1, "", 0, ""},
		"ok and no result": {one(alerttest.NoResult()), sent, 1, "", 0, ""},

		"chat not found":    {one(alerttest.ChatNotFound()), permanent, 1, "chat not found", 0, ""},
		"unauthorized":      {one(alerttest.Unauthorized()), permanent, 1, "answered 401: Unauthorized", 0, ""},
		"forbidden":         {one(alerttest.Forbidden()), permanent, 1, "answered 403: Forbidden: bot was blocked by the user", 0, ""},
		"not found":         {one(alerttest.NotFound()), permanent, 1, "answered 404: Not Found", 0, ""},
		"any other 400":     {one(refusal(400, "Bad Request: have no rights to send a message")), permanent, 1, "have no rights", 0, ""},
		"a status in words": {one(alerttest.Body(200, "application/json", `{"ok":false,"error_code":403,"description":"Forbidden: kicked"}`)), permanent, 1, "answered 403: Forbidden: kicked", 0, ""},

		"too many requests":           {one(alerttest.TooManyRequests(5 * time.Second)), wait, 1, "retry after 5", 5 * time.Second, ""},
		"far too many requests":       {one(alerttest.TooManyRequests(10072 * time.Second)), wait, 1, "retry after 10072", 10072 * time.Second, ""},
		"too many and no time":        {one(refusal(429, "Too Many Requests")), wait, 1, "Too Many", 30 * time.Second, ""},
		"too many, for a week":        {one(alerttest.TooManyRequests(7 * 24 * time.Hour)), wait, 1, "", 24 * time.Hour, ""},
		"too many, says a proxy":      {one(alerttest.Body(429, "text/html", "<html>slow down</html>")), wait, 1, "429", 30 * time.Second, ""},
		"too many, backwards":         {one(alerttest.TooManyRequests(-time.Hour)), wait, 1, "", 30 * time.Second, ""},
		"too many after a migration":  {[]alerttest.Answer{alerttest.Migrate(moved), alerttest.TooManyRequests(time.Second)}, wait, 2, "", time.Second, "supergroup"},
		"migrated":                    {one(alerttest.Migrate(moved)), sent, 2, "", 0, "supergroup with the ID -1001234567890"},
		"migrated twice":              {[]alerttest.Answer{alerttest.Migrate(moved), alerttest.Migrate(-1009)}, transient, 2, "upgraded", 0, "supergroup"},
		"migrated to nowhere":         {[]alerttest.Answer{alerttest.Migrate(moved), alerttest.ChatNotFound()}, permanent, 2, "chat not found", 0, "supergroup"},
		"topic not found":             {one(alerttest.ThreadNotFound()), sent, 2, "", 0, "topic 7"},
		"topic closed":                {[]alerttest.Answer{refusal(400, "Bad Request: TOPIC_CLOSED"), alerttest.OKAnswer()}, sent, 2, "", 0, "topic 7"},
		"every topic closed":          {one(refusal(400, "Bad Request: TOPIC_CLOSED")), permanent, 2, "TOPIC_CLOSED", 0, "topic 7"},
		"migrated, and the topic too": {[]alerttest.Answer{alerttest.Migrate(moved), alerttest.ThreadNotFound()}, sent, 3, "", 0, "topic 7"},

		"too long, and then not":    {[]alerttest.Answer{alerttest.TooLong(), alerttest.OKAnswer()}, sent, 2, "", 0, ""},
		"too long for ever":         {one(alerttest.TooLong()), permanent, 2, "message is too long", 0, ""},
		"bad entities":              {[]alerttest.Answer{alerttest.BadEntities(), alerttest.OKAnswer()}, sent, 2, "", 0, ""},
		"entities behind the end":   {[]alerttest.Answer{refusal(400, "Bad Request: entity beginning at UTF-16 offset 0 ends after the end"), alerttest.OKAnswer()}, sent, 2, "", 0, ""},
		"too long, then trouble":    {[]alerttest.Answer{alerttest.TooLong(), alerttest.InternalError()}, transient, 2, "500", 0, ""},
		"internal error":            {one(alerttest.InternalError()), transient, 1, "answered 500: Internal Server Error", 0, ""},
		"bad gateway":               {one(alerttest.BadGatewayHTML()), transient, 1, "answered 502, and not in the form", 0, ""},
		"not found, says a proxy":   {one(alerttest.Body(404, "text/html", "<html>404</html>")), transient, 1, "answered 404, and not in the form", 0, ""},
		"a hotel":                   {one(alerttest.WrongBody()), transient, 1, "answered 200, and not in the form", 0, ""},
		"no body":                   {one(alerttest.Body(200, "application/json", "")), transient, 1, "answered 200", 0, ""},
		"null":                      {one(alerttest.Body(200, "application/json", "null")), transient, 1, "answered 200", 0, ""},
		"neither":                   {one(alerttest.Body(200, "application/json", `{"ok":false}`)), transient, 1, "answered 200", 0, ""},
		"half of an object":         {one(alerttest.Body(200, "application/json", `{"ok":true,"resu`)), transient, 1, "answered 200", 0, ""},
		"other types":               {one(alerttest.Body(200, "application/json", `{"ok":"yes"}`)), transient, 1, "answered 200", 0, ""},
		"ok, and an error's status": {one(alerttest.Body(503, "application/json", `{"ok":true}`)), transient, 1, "answered 503", 0, ""},
		"huge":                      {one(alerttest.Huge(3 << 20)), transient, 1, "answered 200, and then: the answer is longer than 1 MiB", 0, ""},
		"redirect":                  {one(alerttest.Redirect("http://127.0.0.1:1")), transient, 1, "answered 307", 0, ""},
		"conflict":                  {one(refusal(409, "Conflict: terminated by other getUpdates request")), transient, 1, "409", 0, ""},
		"reset after the delivery":  {one(alerttest.ResetAfterDelivery()), transient, 1, "no answer", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, telegramalert.Options{TopicID: 7}, c.answers...)
			err := p.Alert(t.Context(), firing())
			p.leaksNothing(t, err)
			require.Equal(t, c.outcome == sent, err == nil, "%v", err)
			require.Equal(t, c.outcome == permanent, alert.IsPermanent(err), "%v", err)
			asked, ok := errors.AsType[*alert.RetryAfterError](err)
			require.Equal(t, c.outcome == wait, ok, "%v", err)
			if ok {
				require.Equal(t, c.wait, asked.After)
			}
			if err != nil {
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, "telegramalert: ")
			}
			require.Len(t, p.server.Requests(), c.requests)
			require.Contains(t, p.Notice(), c.notice)
			require.Equal(t, c.notice == "", p.Notice() == "")
			require.Equal(t, c.notice == "", p.log.Len() == 0, "a notice is logged: %s", p.log)
		})
	}
}

func TestAMovedGroupIsRemembered(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{}, alerttest.Migrate(moved))
	for range 3 {
		require.NoError(t, p.Alert(t.Context(), firing()))
	}
	var chats []string
	for _, r := range p.server.Requests() {
		chats = append(chats, r.ChatID)
	}
	to := fmt.Sprint(moved)
	require.Equal(t, []string{chat, to, to, to}, chats)
	require.Equal(t, 1, strings.Count(p.log.String(), "\n"), "said once: %s", p.log)

	p.server.Then(alerttest.Migrate(-1009))
	require.NoError(t, p.Alert(t.Context(), firing()), "and it moves again")
	require.Contains(t, p.Notice(), "-1009")
	require.NotContains(t, p.Notice(), to, "the last one counts")
}

func TestAGoneTopicIsRemembered(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{TopicID: 7}, alerttest.ThreadNotFound())
	for range 3 {
		require.NoError(t, p.Alert(t.Context(), firing()))
	}
	var topics []int
	for _, r := range p.server.Requests() {
		topics = append(topics, r.TopicID)
	}
	require.Equal(t, []int{7, 0, 0, 0}, topics)
}

func TestWithoutATopicThereIsNoneToLeave(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{}, alerttest.Refusal(400, "Bad Request: message thread not found"))
	require.True(t, alert.IsPermanent(p.Alert(t.Context(), firing())))
	require.Len(t, p.server.Requests(), 1)
	require.Empty(t, p.Notice())
}

func TestManyAtOnceMoveOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]alerttest.Answer{"the group": alerttest.Migrate(moved), "the topic": alerttest.ThreadNotFound()} {
		p := newPair(t, telegramalert.Options{TopicID: 7}, answer)
		var calls sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			calls.Go(func() { errs[i] = p.Alert(t.Context(), firing()) })
		}
		calls.Wait()
		require.NoError(t, errors.Join(errs...), name)
		require.Len(t, p.server.Messages(), len(errs), name)
		require.Equal(t, 1, strings.Count(p.log.String(), "\n"), "%s: %s", name, p.log)
	}
}

func TestATextFoundTooLongIsSentShorterAndPlain(t *testing.T) {
	t.Parallel()
	p := newPair(t, telegramalert.Options{}, alerttest.TooLong(), alerttest.OKAnswer())
	m := firing()
	m.Details = []string{strings.Repeat("😀", alert.MaxText)}
	require.NoError(t, p.Alert(t.Context(), m))
	requests := p.server.Requests()
	require.Len(t, requests, 2)
	require.Equal(t, m.Text(), requests[0].Text)
	require.Equal(t, m.ShortText(), requests[1].Text)
	require.Contains(t, requests[1].Text, m.Key)
	require.NotEmpty(t, requests[0].Entities)
	require.Empty(t, requests[1].Entities)
}

func TestItKeepsTheContract(t *testing.T) {
	alerttest.Run(t, func(t *testing.T) alerttest.Subject {
		p := newPair(t, telegramalert.Options{})
		return alerttest.Subject{
			Alerter: p,
			Arrived: func() int { return len(p.server.Messages()) },
			Silence: func() { p.server.Then(alerttest.HangAnswer()) },
			Break:   func() { p.server.Then(alerttest.InternalError()) },
			Secrets: []string{p.server.Token()},
			Said:    p.log.String,
		}
	})
}
