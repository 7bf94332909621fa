package sending

import (
	"strings"

	"go.mau.fi/whatsmeow/types/events"
)

// IsMessage reports whether a message is a probe's, at little cost for one that is not.
func IsMessage(e *events.Message) bool {
	text := e.Message.GetConversation()
	if text == "" {
		text = e.Message.GetExtendedTextMessage().GetText()
	}
	return strings.Contains(text, "[lw·") && IsMarked(text)
}
