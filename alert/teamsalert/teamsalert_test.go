package teamsalert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/teamsalert"
)

const secret = "sig_secretsecretsecret"

// vendor is a workflow of Teams: 202 without a body is a yes.
func vendor() alerttest.Vendor {
	outcomes := alerttest.ByStatus()
	outcomes[alerttest.AnswerSlow], outcomes[alerttest.AnswerWrong] = alerttest.Taken, alerttest.Taken // it reads nothing but the status
	return alerttest.Vendor{
		Yes: alerttest.Reply{Status: http.StatusAccepted}, Words: true, Secrets: []string{secret}, Outcomes: outcomes,
		No: func(_ int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"error":{"code":"WorkflowTriggerIsNotEnabled","message":%s}}`, quoted)
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return teamsalert.New(address+"/workflows/"+secret+"/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig="+secret, &teamsalert.Options{HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// payload is what a workflow reads.
type payload struct {
	Type        string
	Attachments []struct {
		ContentType string
		Content     struct {
			Type, Version string
			Body          []struct {
				Type    string
				Inlines []struct{ Type, Text, Color string }
			}
			Actions []struct{ Type, Title, URL string }
			Teams   map[string]any `json:"msteams"`
		}
	}
}

func sent(t *testing.T, messages ...alert.Message) (all []payload) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.LessOrEqual(t, len(r.Body), 28_000)
		var p payload
		require.NoError(t, json.Unmarshal([]byte(r.Body), &p)) //nolint:musttag // fields are found by their names
		all = append(all, p)
	}
	return all
}

func text(p payload) string {
	var lines []string
	for _, b := range p.Attachments[0].Content.Body {
		lines = append(lines, b.Inlines[0].Text)
	}
	return strings.Join(lines, "\n")
}

func TestAMessageAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	resolved := m
	resolved.Kind, resolved.Until = alert.Resolved, m.Since.Add(time.Minute)
	all := sent(t, m, resolved)
	require.Equal(t, "🔴 "+m.Text(), text(all[0]))
	card := all[0].Attachments[0].Content
	require.Equal(t, "application/vnd.microsoft.card.adaptive", all[0].Attachments[0].ContentType)
	require.Equal(t, "AdaptiveCard", card.Type)
	require.Equal(t, "Attention", card.Body[0].Inlines[0].Color)
	require.Equal(t, "https://ops.example.org/", card.Actions[0].URL)
	require.Equal(t, "Good", all[1].Attachments[0].Content.Body[0].Inlines[0].Color)
}

func TestNoTextIsMarkupOrMentionsAnybody(t *testing.T) {
	t.Parallel()
	messages := alerttest.Hostile()
	short := messages[0]
	short.Details = strings.Split(strings.Repeat("x ", 2000), " ")
	for i, p := range sent(t, append(messages, short)...) {
		card := p.Attachments[0].Content
		require.NotContains(t, card.Teams, "entities", "message %d mentions somebody", i)
		for _, b := range card.Body {
			require.Equal(t, "RichTextBlock", b.Type, "a TextBlock would read Markdown")
			require.Equal(t, "TextRun", b.Inlines[0].Type)
		}
		for _, a := range card.Actions {
			require.Equal(t, "https://ops.example.org/", a.URL)
		}
	}
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	_, err := teamsalert.New("/"+secret, &teamsalert.Options{Timeout: -time.Second})
	require.ErrorContains(t, err, "teamsalert: url has not the form")
	require.ErrorContains(t, err, "teamsalert: Options.Timeout")
	alerttest.LeaksNoSecret(t, []string{secret}, err)
}

func Example() {
	server := alerttest.NewService(alerttest.Reply{Status: http.StatusAccepted}) // in place of the workflow
	defer server.Close()
	a, err := teamsalert.New(server.URL()+"/workflows/x/triggers/manual/paths/invoke?sig=x", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Resolved, Rule: "logged_out", Key: "#logged_out-2"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{"type":"RichTextBlock","spacing":"None","inlines":[{"type":"TextRun","text":"🟢 [RESOLVED] logged_out","weight":"Bolder","color":"Good"}]},{"type":"RichTextBlock","spacing":"None","inlines":[{"type":"TextRun","text":"#logged_out-2"}]}],"msteams":{"width":"Full"}}}]}
}
