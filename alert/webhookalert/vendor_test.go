package webhookalert_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

// vendor is any receiver that goes by the words of HTTP.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: alerttest.Reply{Status: http.StatusOK, Body: "thank you"}, Secrets: []string{secret},
		Outcomes: map[string]alerttest.Outcome{
			alerttest.Answer200: alerttest.Taken, alerttest.Answer202: alerttest.Taken,
			alerttest.Answer400: alerttest.Refused, alerttest.Answer401: alerttest.Refused, alerttest.Answer403: alerttest.Refused,
			alerttest.Answer404: alerttest.Refused, alerttest.Answer410: alerttest.Refused, alerttest.Answer413: alerttest.Refused,
			alerttest.Answer429Seconds: alerttest.Limited, alerttest.Answer429Date: alerttest.Limited, alerttest.Answer429: alerttest.Limited,
			alerttest.Answer500: alerttest.Failed, alerttest.Answer502: alerttest.Failed,
			alerttest.AnswerTimeout: alerttest.Unsure, alerttest.AnswerReset: alerttest.Unsure, alerttest.AnswerRedirect: alerttest.Failed,
			alerttest.AnswerSlow: alerttest.Taken, alerttest.AnswerWrong: alerttest.Taken, // it reads nothing but the status
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return webhookalert.New(address+"/hook/"+secret+"?token="+secret, &webhookalert.Options{HTTPClient: client, Timeout: timeout, Secret: "signing " + secret})
		},
	}
}

func TestItsAnswers(t *testing.T) { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}
