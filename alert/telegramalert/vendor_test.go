package telegramalert_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
)

// vendor is the Bot API in its documented form, as a service that knows no
// messages.
func vendor() alerttest.Vendor {
	const token = "123456:AAsecretsecretsecretsecret"
	return alerttest.Vendor{
		Yes: alerttest.Reply{
			Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"},
			Body: `{"ok":true,"result":{"message_id":7,"date":1767047700,"chat":{"id":-1001,"type":"supergroup"}}}`,
		},
		No: func(status int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%s}`, status, quoted)
		},
		Words: true, Secrets: []string{token, "AAsecretsecretsecretsecret"},
		Outcomes: map[string]alerttest.Outcome{
			alerttest.Answer200: alerttest.Taken, alerttest.Answer202: alerttest.Taken,
			alerttest.Answer400: alerttest.Refused, alerttest.Answer401: alerttest.Refused, alerttest.Answer403: alerttest.Refused,
			alerttest.Answer404: alerttest.Refused, alerttest.Answer410: alerttest.Refused, alerttest.Answer413: alerttest.Refused,
			alerttest.Answer429Seconds: alerttest.Limited, alerttest.Answer429Date: alerttest.Limited, alerttest.Answer429: alerttest.Limited,
			alerttest.Answer500: alerttest.Failed, alerttest.Answer502: alerttest.Failed,
			alerttest.AnswerTimeout: alerttest.Unsure, alerttest.AnswerReset: alerttest.Unsure, alerttest.AnswerRedirect: alerttest.Failed,
			alerttest.AnswerSlow: alerttest.Unsure, alerttest.AnswerWrong: alerttest.Unsure,
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return telegramalert.New(token, "-1001", &telegramalert.Options{APIURL: address, HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItsAnswers(t *testing.T) { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}
