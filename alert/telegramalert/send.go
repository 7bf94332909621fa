package telegramalert

import (
	"context"
	"strings"
	"unicode/utf16"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// message is a text as Telegram takes it.
type message struct {
	text string
	bold int // how many UTF-16 code units from the start are in bold
}

// newText puts the first line in bold.
func newText(text string) message {
	first, _, _ := strings.Cut(text, "\n")
	return message{text: text, bold: len(utf16.Encode([]rune(first)))}
}

// send makes one request, and returns what came of it.
func (a *Alerter) send(ctx context.Context, to address, m message) *answer {
	params := &bot.SendMessageParams{
		ChatID:             to.chat,
		MessageThreadID:    to.topic,
		Text:               m.text,
		LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: bot.True()},
	}
	if m.bold > 0 {
		params.Entities = []models.MessageEntity{{Type: models.MessageEntityTypeBold, Length: m.bold}}
	}
	said := &answer{}
	if _, err := a.bot.SendMessage(withNote(ctx, said), params); said.status == 0 && said.failure == nil {
		// The library failed before it asked, which nothing here makes it do.
		said.failure = redact.Error(err, secrets(a.token)...)
	}
	return said
}
