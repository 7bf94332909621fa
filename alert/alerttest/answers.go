package alerttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Answer is what the Telegram server does with one sendMessage.
type Answer func(s *Telegram, w http.ResponseWriter, r *http.Request, m TelegramMessage)

// OKAnswer judges the message as Telegram does: sent, unless something is wrong
// with it.
func OKAnswer() Answer {
	return func(s *Telegram, w http.ResponseWriter, _ *http.Request, m TelegramMessage) {
		if err := s.judge(m); err != nil {
			refuse(w, http.StatusBadRequest, "Bad Request: "+err.Error(), nil)
			return
		}
		accept(w, m.result(len(s.Messages())))
	}
}

// Refusal is an error of the Bot API: a status, and what it says.
func Refusal(status int, description string) Answer {
	return func(_ *Telegram, w http.ResponseWriter, _ *http.Request, _ TelegramMessage) {
		refuse(w, status, description, nil)
	}
}

// ChatNotFound is the answer for a chat that the bot does not see.
func ChatNotFound() Answer { return Refusal(http.StatusBadRequest, "Bad Request: chat not found") }

// TooLong is the answer for a long text, whatever the length.
func TooLong() Answer { return Refusal(http.StatusBadRequest, "Bad Request: message is too long") }

// BadEntities is the answer for entities that make no sense.
func BadEntities() Answer {
	return Refusal(http.StatusBadRequest, "Bad Request: can't parse entities: unsupported start tag")
}

// Unauthorized is the answer for a token that was revoked.
func Unauthorized() Answer { return Refusal(http.StatusUnauthorized, "Unauthorized") }

// Forbidden is the answer of somebody who blocked the bot.
func Forbidden() Answer {
	return Refusal(http.StatusForbidden, "Forbidden: bot was blocked by the user")
}

// NotFound is the answer for a token that never was one.
func NotFound() Answer { return Refusal(http.StatusNotFound, "Not Found") }

// InternalError is a fault of Telegram's, said in its own form.
func InternalError() Answer {
	return Refusal(http.StatusInternalServerError, "Internal Server Error")
}

// ThreadNotFound is the answer for a topic that is gone. A message without one
// is answered OK.
func ThreadNotFound() Answer {
	return func(s *Telegram, w http.ResponseWriter, r *http.Request, m TelegramMessage) {
		if m.TopicID == 0 {
			OKAnswer()(s, w, r, m)
			return
		}
		refuse(w, http.StatusBadRequest, "Bad Request: message thread not found", nil)
	}
}

// TooManyRequests is the answer for more messages than allowed: to come again
// after so many whole seconds.
func TooManyRequests(after time.Duration) Answer {
	seconds := int(after / time.Second)
	return func(_ *Telegram, w http.ResponseWriter, _ *http.Request, _ TelegramMessage) {
		refuse(w, http.StatusTooManyRequests, fmt.Sprintf("Too Many Requests: retry after %d", seconds), map[string]any{"retry_after": seconds})
	}
}

// Migrate is the answer for a group that became a supergroup, with its new ID. A
// message to that one is answered OK.
func Migrate(to int64) Answer {
	return func(s *Telegram, w http.ResponseWriter, r *http.Request, m TelegramMessage) {
		if m.ChatID == fmt.Sprint(to) {
			OKAnswer()(s, w, r, m)
			return
		}
		refuse(w, http.StatusBadRequest, "Bad Request: group chat was upgraded to a supergroup chat", map[string]any{"migrate_to_chat_id": to})
	}
}

// Body answers with any status and body, and sends nothing.
func Body(status int, contentType, body string) Answer {
	return func(_ *Telegram, w http.ResponseWriter, _ *http.Request, _ TelegramMessage) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// BadGatewayHTML is the answer of a proxy whose server is away.
func BadGatewayHTML() Answer {
	return Body(http.StatusBadGateway, "text/html",
		"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
}

// WrongBody is a success that is none: the page of whoever owns the network.
func WrongBody() Answer {
	return Body(http.StatusOK, "text/html", "<html><body>Please log in to the network of this hotel.</body></html>")
}

// NoResult sends the message and says OK, and nothing else.
func NoResult() Answer {
	return func(s *Telegram, w http.ResponseWriter, r *http.Request, m TelegramMessage) {
		if err := s.judge(m); err != nil {
			refuse(w, http.StatusBadRequest, "Bad Request: "+err.Error(), nil)
			return
		}
		Body(http.StatusOK, "application/json", `{"ok":true}`)(s, w, r, m)
	}
}

// Huge is a body of so many bytes.
func Huge(bytes int) Answer {
	return Body(http.StatusOK, "application/json", `{"ok":true,"result":{"text":"`+strings.Repeat("x", bytes)+`"}}`)
}

// Redirect sends the client to another server, with the path as it is, and so
// with the token.
func Redirect(url string) Answer {
	return func(_ *Telegram, w http.ResponseWriter, r *http.Request, _ TelegramMessage) {
		w.Header().Set("Location", url+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// HangAnswer says nothing until the client is gone, or the server closes.
func HangAnswer() Answer {
	return func(s *Telegram, _ http.ResponseWriter, r *http.Request, _ TelegramMessage) {
		s.wait(r.Context())
		panic(http.ErrAbortHandler)
	}
}

// ResetAfterDelivery sends the message, and breaks the connection before saying
// so.
func ResetAfterDelivery() Answer {
	return func(s *Telegram, w http.ResponseWriter, _ *http.Request, m TelegramMessage) {
		if err := s.judge(m); err != nil {
			refuse(w, http.StatusBadRequest, "Bad Request: "+err.Error(), nil)
			return
		}
		reset(w)
	}
}

// accept says that all is well.
func accept(w http.ResponseWriter, result any) {
	reply(w, http.StatusOK, map[string]any{"ok": true, "result": result})
}

// refuse says what is wrong.
func refuse(w http.ResponseWriter, status int, description string, parameters map[string]any) {
	body := map[string]any{"ok": false, "error_code": status, "description": description}
	if parameters != nil {
		body["parameters"] = parameters
	}
	reply(w, status, body)
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(errors.Join(errors.New("alerttest: answering"), err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
