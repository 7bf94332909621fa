package channels_test

import (
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/examples/internal/channels"
	"github.com/seed-13dc028d/longwatch/examples/internal/environment"
)

// everything is an environment with each channel, and a secret in each that has one.
func everything() (values map[string]string, secrets []string) {
	key := strings.Repeat("secret", 5)
	values = map[string]string{
		"TELEGRAM_BOT_TOKEN": "123456:AAsecretsecretsecretsecret", "TELEGRAM_CHAT_ID": "-1001, -1002",
		"LONGRUN_WEBHOOK_URL": "https://hooks.example.org/secret1", "LONGRUN_WEBHOOK_SECRET": "secret2secret2secret2",
		"LONGRUN_HEALTHCHECKS_URL": "https://hc.example.org/secret3", "LONGRUN_SLACK_WEBHOOK": "https://hooks.slack.example/services/secret4",
		"LONGRUN_DISCORD_WEBHOOK": "https://discord.example/api/webhooks/1/secret5", "LONGRUN_TEAMS_WEBHOOK": "https://teams.example/secret6?sig=secret6",
		"LONGRUN_PAGERDUTY_KEY": key + "77", "LONGRUN_NTFY_TOPIC": "secret8", "LONGRUN_NTFY_TOKEN": "tk_secret9secret9secret9",
		"LONGRUN_PUSHOVER_TOKEN": key, "LONGRUN_PUSHOVER_USER": key,
		"LONGRUN_MATRIX_SERVER": "https://matrix.example.org", "LONGRUN_MATRIX_TOKEN": "syt_secret10secret10", "LONGRUN_MATRIX_ROOM": "!ops:example.org",
		"LONGRUN_MAIL_SERVER": "mail.example.org:587", "LONGRUN_MAIL_FROM": "a@example.org", "LONGRUN_MAIL_TO": "b@example.org, c@example.org",
		"LONGRUN_MAIL_USER": "a", "LONGRUN_MAIL_PASSWORD": "secret11",
		"LONGRUN_SHOUTRRR_URLS": "gotify://push.example.org/secret12secret bark://:secret13@bark.example.org",
	}
	return values, []string{"secret"}
}

func open(t *testing.T, values map[string]string) (alert.Alerter, string, error) {
	t.Helper()
	clean, err := environment.Clean(values)
	require.NoError(t, err)
	var c channels.Config
	require.NoError(t, env.ParseWithOptions(&c, env.Options{Environment: clean}))
	return c.Open(slog.New(slog.DiscardHandler))
}

func TestEachChannelIsOpenedByItsVariables(t *testing.T) {
	t.Parallel()
	values, secrets := everything()
	values["LONGRUN_ROUTES"] = "critical=pagerduty,telegram2; target:sales*=slack ;queue_depth=discord;default=mail"
	alerter, to, err := open(t, values)
	require.NoError(t, err)
	require.Equal(t, "Telegram chat -1001, Telegram chat -1002, webhook, Healthchecks, Slack, Discord, Teams, PagerDuty, ntfy, Pushover, Matrix room !ops:example.org, mail, shoutrrr", to)
	alerttest.LeaksNoSecret(t, secrets, to)
	var names []string
	for _, one := range alerter.(*alert.Router).Channels() {
		names = append(names, one.Name)
	}
	require.Equal(t, strings.Fields("telegram telegram2 webhook healthchecks slack discord teams pagerduty ntfy pushover matrix mail shoutrrr"), names)
	for _, name := range names {
		require.Contains(t, channels.Usage, name)
	}
}

func TestEveryVariableIsInTheHelpAndKnown(t *testing.T) {
	t.Parallel()
	for field := range reflect.TypeFor[channels.Config]().Fields() {
		name := field.Tag.Get("env")
		require.Contains(t, channels.Usage, "  "+name, "%s has no line", field.Name)
		require.Contains(t, string(field.Tag), `hidden:""`, name)
		require.True(t, strings.HasPrefix(name, "TELEGRAM_") || environment.Known(name), name)
	}
	for line := range strings.Lines(channels.Usage) {
		require.LessOrEqual(t, len(line), 90, line)
	}
}

func TestEveryMistakeNamesItsVariableAndNoSecret(t *testing.T) {
	t.Parallel()
	values, secrets := everything()
	for name := range values {
		if strings.HasPrefix(name, "TELEGRAM_") {
			continue
		}
		broken, _ := everything()
		broken[name] = "  secret secret secret"
		if _, err := environment.Clean(broken); err != nil {
			continue // found before
		}
		_, _, err := open(t, broken)
		if err == nil {
			require.Contains(t, []string{"LONGRUN_WEBHOOK_SECRET", "LONGRUN_NTFY_TOKEN", "LONGRUN_MATRIX_TOKEN", "LONGRUN_MAIL_USER", "LONGRUN_MAIL_PASSWORD"}, name, "any text will do")
			continue
		}
		require.Contains(t, err.Error(), strings.TrimRight(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), name)
		alerttest.LeaksNoSecret(t, secrets, err)
	}
	for names, want := range map[string]string{
		"LONGRUN_PUSHOVER_TOKEN":                    "LONGRUN_PUSHOVER_USER is not set",
		"LONGRUN_MATRIX_SERVER LONGRUN_MATRIX_ROOM": "LONGRUN_MATRIX_TOKEN is not set",
		"LONGRUN_MAIL_SERVER":                       "LONGRUN_MAIL_FROM is not set",
		"LONGRUN_MAIL_USER LONGRUN_MAIL_PASSWORD":   "LONGRUN_MAIL_SERVER is not",
		"LONGRUN_NTFY_TOKEN":                        "LONGRUN_NTFY_TOPIC is not",
		"LONGRUN_WEBHOOK_SECRET":                    "LONGRUN_WEBHOOK_URL is not",
		"TELEGRAM_CHAT_ID":                          "TELEGRAM_BOT_TOKEN is not set",
	} {
		some := map[string]string{}
		for name := range strings.FieldsSeq(names) {
			some[name] = values[name]
		}
		_, _, err := open(t, some)
		require.ErrorContains(t, err, want)
		alerttest.LeaksNoSecret(t, secrets, err)
	}
	for routes, want := range map[string]string{
		"critical":          "is not of the form",
		"critical=":         "is not of the form",
		"fatal=slack":       "neither critical, warning",
		"critical=pager":    `"pager" is the name of no channel`,
		"target:=slack":     "neither critical, warning",
		"default=telegram3": `"telegram3" is the name of no channel`,
	} {
		values["LONGRUN_ROUTES"] = routes
		_, _, err := open(t, values)
		require.ErrorContains(t, err, "LONGRUN_ROUTES: ")
		require.ErrorContains(t, err, want)
	}
	_, _, err := open(t, map[string]string{"LONGRUN_ROUTES": "critical=slack"})
	require.EqualError(t, err, "LONGRUN_ROUTES is set and no channel is")
}

func TestAlertsGoWhereTheRoutesSay(t *testing.T) {
	t.Parallel()
	slack := alerttest.NewService(alerttest.Reply{Status: http.StatusOK, Body: "ok"})
	defer slack.Close()
	pager := alerttest.NewService(alerttest.Reply{Status: http.StatusAccepted, Body: `{"status":"success"}`})
	defer pager.Close()
	alerter, to, err := open(t, map[string]string{
		"LONGRUN_SLACK_WEBHOOK": slack.URL() + "/services/x", "LONGRUN_PAGERDUTY_KEY": strings.Repeat("k", 32), "LONGRUN_PAGERDUTY_URL": pager.URL(),
		"LONGRUN_ROUTES": "critical=pagerduty,slack;default=slack",
	})
	require.NoError(t, err)
	require.Equal(t, "Slack, PagerDuty", to)
	require.NoError(t, alerter.Alert(t.Context(), alert.Message{Kind: alert.Firing, Severity: "warning", Key: "#a-1"}))
	require.Len(t, slack.Taken(), 1)
	require.Empty(t, pager.Taken())
	require.NoError(t, alerter.Alert(t.Context(), alert.Message{Kind: alert.Firing, Severity: "critical", Key: "#b-1"}))
	require.Len(t, slack.Taken(), 2)
	require.Len(t, pager.Taken(), 1)
}
