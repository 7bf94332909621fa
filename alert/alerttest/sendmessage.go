package alerttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/alert"
)

// What Telegram says, in its words.
var (
	errChat  = errors.New("chat not found")
	errEmpty = errors.New("message text is empty")
	errLong  = errors.New("message is too long")
	errUTF8  = errors.New("strings must be encoded in UTF-8")
)

// maxRequest bounds what a bot may send.
const maxRequest = 1 << 20

// readTelegramMessage reads the parameters of sendMessage in each of the forms
// that the Bot API takes.
func readTelegramMessage(w http.ResponseWriter, r *http.Request) (TelegramMessage, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	fields := map[string]string{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		raw := map[string]json.RawMessage{}
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
			return TelegramMessage{}, errors.New("can't parse the JSON object")
		}
		for name, value := range raw {
			fields[name] = string(value)
			var text string
			if json.Unmarshal(value, &text) == nil {
				fields[name] = text
			}
		}
	default:
		if err := r.ParseMultipartForm(maxRequest); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return TelegramMessage{}, errors.New("can't parse the form")
		}
		for name, values := range r.Form {
			fields[name] = values[0]
		}
	}
	return newTelegramMessage(fields)
}

func newTelegramMessage(fields map[string]string) (TelegramMessage, error) {
	m := TelegramMessage{ChatID: fields["chat_id"], Text: fields["text"], ParseMode: fields["parse_mode"], Silent: fields["disable_notification"] == "true"}
	if m.ChatID == "" {
		return m, errors.New("chat_id is empty")
	}
	if topic := fields["message_thread_id"]; topic != "" {
		var err error
		if m.TopicID, err = strconv.Atoi(topic); err != nil {
			return m, errors.New("invalid message thread ID specified")
		}
	}
	if entities := fields["entities"]; entities != "" {
		if err := json.Unmarshal([]byte(entities), &m.Entities); err != nil {
			return m, errors.New("can't parse entities: the JSON is not valid")
		}
	}
	if preview := fields["link_preview_options"]; preview != "" {
		var options struct {
			IsDisabled bool `json:"is_disabled"`
		}
		if err := json.Unmarshal([]byte(preview), &options); err != nil {
			return m, errors.New("can't parse link preview options")
		}
		m.NoPreview = options.IsDisabled
	}
	return m, nil
}

// judge says what Telegram has against a text and its entities.
func (m TelegramMessage) judge() error {
	if !utf8.ValidString(m.Text) {
		return errUTF8
	}
	text := utf16.Encode([]rune(m.Text))
	switch length := len(utf16.Encode([]rune(strings.TrimSpace(m.Text)))); {
	case length == 0:
		return errEmpty
	case length > alert.MaxText:
		return errLong
	}
	for _, e := range m.Entities {
		end := e.Offset + e.Length
		switch {
		case e.Offset < 0, e.Length < 0, end > len(text):
			return fmt.Errorf("entity beginning at UTF-16 offset %d ends after the end of the text at UTF-16 offset %d", e.Offset, end)
		case splits(text, e.Offset), splits(text, end):
			return fmt.Errorf("entity beginning at UTF-16 offset %d begins or ends in a middle of a UTF-16 symbol", e.Offset)
		}
	}
	return nil
}

// splits reports whether an offset lies between the two units of one character.
func splits(text []uint16, offset int) bool {
	return offset > 0 && offset < len(text) && utf16.DecodeRune(rune(text[offset-1]), rune(text[offset])) != utf8.RuneError
}

// result is the message as Telegram gives it back.
func (m TelegramMessage) result(id int) map[string]any {
	chat, err := strconv.ParseInt(m.ChatID, 10, 64)
	if err != nil {
		chat = -1001000000001 // of a name
	}
	result := map[string]any{
		"message_id": id, "date": time.Now().Unix(), "text": m.Text,
		"chat": map[string]any{"id": chat, "type": "supergroup", "title": "alerts"},
		"from": map[string]any{"id": 100200300, "is_bot": true, "first_name": "alerttest"},
	}
	if m.TopicID != 0 {
		result["message_thread_id"] = m.TopicID
	}
	return result
}
