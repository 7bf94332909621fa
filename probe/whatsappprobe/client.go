package whatsappprobe

import (
	"context"
	"reflect"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// Events is what is needed of a client to follow it. *whatsmeow.Client is one.
type Events interface {
	AddEventHandler(whatsmeow.EventHandler) uint32
	RemoveEventHandler(uint32) bool
}

// Client is what a probe needs of a client. *whatsmeow.Client is one.
type Client interface {
	Events
	SendMessage(ctx context.Context, to types.JID, message *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error)
	GenerateMessageID() types.MessageID
}

// isNil reports whether there is no client, be it behind an interface.
func isNil(cli Events) bool {
	v := reflect.ValueOf(cli)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
