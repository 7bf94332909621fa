package live

import (
	"context"
	"net/http"
	"time"
)

// SendTest has a running server send a test message, to the channels that it has.
func SendTest(ctx context.Context, server, token string, timeout time.Duration) error {
	d, err := DoorFlags{Server: server, Token: token, Timeout: timeout}.open(ctx, false)
	if err != nil {
		return err
	}
	defer d.end()
	return d.ask(ctx, http.MethodPost, "/alerts/test", nil, nil, &struct{}{})
}
