package alerttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
)

func newTelegram(t *testing.T) *alerttest.Telegram {
	t.Helper()
	s := alerttest.NewTelegram()
	t.Cleanup(s.Close)
	return s
}

// post sends a body to a method, and returns the status and the answer.
func post(t *testing.T, address, kind, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", kind)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func method(s *alerttest.Telegram) string { return s.URL() + "/bot" + s.Token() + "/sendMessage" }

func send(t *testing.T, s *alerttest.Telegram, fields map[string]any) (int, string) {
	t.Helper()
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	return post(t, method(s), "application/json", string(body))
}

func ExampleNewTelegram() {
	s := alerttest.NewTelegram()
	defer s.Close()
	response, err := http.PostForm(s.URL()+"/bot"+s.Token()+"/sendMessage", url.Values{"chat_id": {"-100"}, "text": {"hello"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = response.Body.Close()
	fmt.Println(response.StatusCode, s.Messages()[0].Text)
	// Output: 200 hello
}

func TestTheServerTakesEveryForm(t *testing.T) {
	t.Parallel()
	s := newTelegram(t)
	want := alerttest.TelegramMessage{
		ChatID: "-1001234567890", TopicID: 7, Text: "[FIRING] 😀", NoPreview: true, Silent: true,
		Entities: []alerttest.TelegramEntity{{Type: "bold", Offset: 0, Length: 8}},
	}
	fields := map[string]string{
		"chat_id": "-1001234567890", "message_thread_id": "7", "text": "[FIRING] 😀", "disable_notification": "true",
		"entities": `[{"type":"bold","offset":0,"length":8}]`, "link_preview_options": `{"is_disabled":true}`,
	}
	form, parts := url.Values{}, &bytes.Buffer{}
	multi := multipart.NewWriter(parts)
	for name, value := range fields {
		form.Set(name, value)
		require.NoError(t, multi.WriteField(name, value))
	}
	require.NoError(t, multi.Close())
	object := `{"chat_id":-1001234567890,"message_thread_id":7,"text":"[FIRING] 😀","disable_notification":true,
		"entities":[{"type":"bold","offset":0,"length":8}],"link_preview_options":{"is_disabled":true}}`
	for kind, body := range map[string]string{
		"application/json":                  object,
		"application/x-www-form-urlencoded": form.Encode(),
		multi.FormDataContentType():         parts.String(),
	} {
		s.Reset()
		status, answer := post(t, method(s), kind, body)
		require.Equal(t, http.StatusOK, status, "%s: %s", kind, answer)
		require.Equal(t, []alerttest.TelegramMessage{want}, s.Messages(), kind)
		require.Contains(t, answer, `"message_thread_id":7`)
	}
}

func TestTheServerJudgesAsTelegramDoes(t *testing.T) {
	t.Parallel()
	s := newTelegram(t)
	s.Serve("1", "@alerts")
	entity := func(offset, length int) []map[string]any {
		return []map[string]any{{"type": "bold", "offset": offset, "length": length}}
	}
	for name, c := range map[string]struct {
		fields map[string]any
		want   string // empty: sent
	}{
		"a text":                       {map[string]any{"chat_id": 1, "text": "x"}, ""},
		"a chat by name":               {map[string]any{"chat_id": "@alerts", "text": "x"}, ""},
		"as long as may be":            {map[string]any{"chat_id": 1, "text": strings.Repeat("😀", alert.MaxText/2)}, ""},
		"blanks around do not count":   {map[string]any{"chat_id": 1, "text": strings.Repeat("x", alert.MaxText) + " \n"}, ""},
		"one unit too long":            {map[string]any{"chat_id": 1, "text": strings.Repeat("😀", alert.MaxText/2) + "x"}, "message is too long"},
		"no text":                      {map[string]any{"chat_id": 1}, "message text is empty"},
		"blanks":                       {map[string]any{"chat_id": 1, "text": " \n "}, "message text is empty"},
		"another chat":                 {map[string]any{"chat_id": 2, "text": "x"}, "chat not found"},
		"no chat":                      {map[string]any{"text": "x"}, "chat_id is empty"},
		"no topic":                     {map[string]any{"chat_id": 1, "text": "x", "message_thread_id": "a"}, "message thread ID"},
		"entities that are no JSON":    {map[string]any{"chat_id": 1, "text": "x", "entities": "["}, "can't parse entities"},
		"options that are no JSON":     {map[string]any{"chat_id": 1, "text": "x", "link_preview_options": "["}, "link preview"},
		"an entity behind the end":     {map[string]any{"chat_id": 1, "text": "😀", "entities": entity(0, 3)}, "ends after the end"},
		"an entity of all":             {map[string]any{"chat_id": 1, "text": "😀", "entities": entity(0, 2)}, ""},
		"an entity of half a smiley":   {map[string]any{"chat_id": 1, "text": "😀", "entities": entity(0, 1)}, "middle of a UTF-16 symbol"},
		"an entity that begins before": {map[string]any{"chat_id": 1, "text": "x", "entities": entity(-1, 1)}, "ends after the end"},
	} {
		s.Reset()
		status, answer := send(t, s, c.fields)
		if c.want == "" {
			require.Equal(t, http.StatusOK, status, "%s: %s", name, answer)
			require.Len(t, s.Messages(), 1, name)
			continue
		}
		require.Equal(t, http.StatusBadRequest, status, name)
		require.Contains(t, answer, c.want, name)
		require.Contains(t, answer, `"ok":false`, name)
		require.Empty(t, s.Messages(), name)
	}
	status, answer := post(t, method(s), "application/json", "{")
	require.Equal(t, http.StatusBadRequest, status, answer)
	status, answer = post(t, method(s), "application/x-www-form-urlencoded", "chat_id=1&text=%ff")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, answer, "UTF-8")
}

func TestTheServerKnowsOneBot(t *testing.T) {
	t.Parallel()
	s := newTelegram(t)
	for path, want := range map[string]int{
		"/bot" + s.Token() + "/getMe":     http.StatusOK,
		"/bot" + s.Token() + "/getUpdate": http.StatusNotFound,
		"/bot" + s.Token() + "x/getMe":    http.StatusUnauthorized,
		"/botx/getMe":                     http.StatusNotFound,
		"/":                               http.StatusNotFound,
	} {
		status, answer := post(t, s.URL()+path, "application/json", "{}")
		require.Equal(t, want, status, "%s: %s", path, answer)
	}
	require.Empty(t, s.Requests())
}

func TestTheServerAnswersAsItIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer alerttest.Answer
		status int
		want   string
		sent   bool
	}{
		"ok":           {alerttest.OKAnswer(), 200, `"ok":true,"result":{`, true},
		"no result":    {alerttest.NoResult(), 200, `{"ok":true}`, true},
		"chat":         {alerttest.ChatNotFound(), 400, "chat not found", false},
		"thread":       {alerttest.ThreadNotFound(), 400, "message thread not found", false},
		"long":         {alerttest.TooLong(), 400, "message is too long", false},
		"entities":     {alerttest.BadEntities(), 400, "can't parse entities", false},
		"unauthorized": {alerttest.Unauthorized(), 401, "Unauthorized", false},
		"forbidden":    {alerttest.Forbidden(), 403, "blocked by the user", false},
		"not found":    {alerttest.NotFound(), 404, "Not Found", false},
		"too many":     {alerttest.TooManyRequests(10072 * time.Second), 429, `"parameters":{"retry_after":10072}`, false},
		"migrate":      {alerttest.Migrate(-1009), 400, `"migrate_to_chat_id":-1009`, false},
		"internal":     {alerttest.InternalError(), 500, `"error_code":500`, false},
		"bad gateway":  {alerttest.BadGatewayHTML(), 502, "<center>nginx", false},
		"wrong body":   {alerttest.WrongBody(), 200, "hotel", false},
		"huge":         {alerttest.Huge(1 << 20), 200, "xxxx", false},
		"redirect":     {alerttest.Redirect("http://example.org"), 307, "", false},
		"any other":    {alerttest.Body(418, "text/plain", "teapot"), 418, "teapot", false},
		"any refusal":  {alerttest.Refusal(400, "Bad Request: TOPIC_CLOSED"), 400, "TOPIC_CLOSED", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTelegram(t)
			s.Then(c.answer)
			status, answer := send(t, s, map[string]any{"chat_id": -5, "text": "x", "message_thread_id": 7})
			require.Equal(t, c.status, status)
			require.Contains(t, answer, c.want)
			require.Len(t, s.Requests(), 1)
			require.Equal(t, c.sent, len(s.Messages()) == 1)
		})
	}
}

func TestAnswersFollowEachOtherAndTheLastOneStays(t *testing.T) {
	t.Parallel()
	s := newTelegram(t)
	s.Then(alerttest.Migrate(-1009), alerttest.InternalError())
	for _, want := range []int{400, 500, 500} {
		status, _ := send(t, s, map[string]any{"chat_id": -5, "text": "x"})
		require.Equal(t, want, status)
	}
	s.Then(alerttest.Migrate(-1009))
	status, _ := send(t, s, map[string]any{"chat_id": -1009, "text": "x"})
	require.Equal(t, http.StatusOK, status, "the new chat")
	s.Then(alerttest.ThreadNotFound())
	status, _ = send(t, s, map[string]any{"chat_id": -5, "text": "x"})
	require.Equal(t, http.StatusOK, status, "no topic")
	for _, answer := range []alerttest.Answer{alerttest.NoResult(), alerttest.ResetAfterDelivery()} {
		s.Then(answer)
		status, _ = send(t, s, map[string]any{"chat_id": -5})
		require.Equal(t, http.StatusBadRequest, status, "nothing to deliver")
	}
}

func TestTheServerHangsAndResets(t *testing.T) {
	t.Parallel()
	s := newTelegram(t)
	form := url.Values{"chat_id": {"1"}, "text": {"x"}}
	s.Then(alerttest.ResetAfterDelivery())
	_, err := http.PostForm(method(s), form) //nolint:bodyclose // there is none
	require.Error(t, err)
	require.Len(t, s.Messages(), 1, "delivered all the same")

	s.Then(alerttest.HangAnswer())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, method(s), strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err = http.DefaultClient.Do(request) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, context.DeadlineExceeded)

	hung := make(chan error, 1)
	go func() {
		_, err := http.PostForm(method(s), form) //nolint:bodyclose // there is none
		hung <- err
	}()
	require.Eventually(t, func() bool { return len(s.Requests()) == 3 }, 10*time.Second, time.Millisecond)
	s.Close()
	require.Error(t, <-hung, "closing ends what hangs")
	s.Close()
}
