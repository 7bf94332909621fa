package mailalert

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"

	"github.com/wneessen/go-mail"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// verdict is the outcome of a mail that the server is not known to have taken.
func (a *Alerter) verdict(ctx context.Context, err error) error {
	said := a.failed("not taken by "+a.host, err)
	if ctx.Err() != nil {
		said = fmt.Errorf("%w (%w)", said, ctx.Err()) // the connection broke because of that
	}
	code, behind := codeOf(err)
	switch {
	case code >= 500:
		return alert.Permanent(said)
	case code == 0 && behind:
		return alert.Unknown(said)
	}
	return said
}

// codeOf is the server's answer, 0 where there was none, and whether that is missing
// behind the end of the mail.
func codeOf(err error) (code int, behind bool) {
	if sending, ok := errors.AsType[*mail.SendError](err); ok {
		return sending.ErrorCode(), sending.Reason == mail.ErrSMTPDataClose
	}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return answer.Code, false
	}
	return 0, false
}

// failed is an error without what is secret, and without a chain that would tell it.
func (a *Alerter) failed(what string, err error) error {
	return fmt.Errorf("mailalert: %s: %w", what, redact.Error(err, a.secrets...))
}
