package adminhttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// testAlert answers POST alerts/test: this instance sends a message, whether it
// leads or not, and says what the channel said.
func (h *handler) testAlert(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	if wait := h.tests.Take(); wait > 0 {
		reply.TooMany(w, r, wait, "test messages are sent once in 10 s and 10 times an hour at most, so that they leave room for real ones")
		return
	}
	err := h.monitor.TestAlert(r.Context())
	channel := channelOf(h.monitor.Status().Alerts.Channel)
	var quiet *monitor.QuietError
	switch {
	case errors.As(err, &quiet):
		reply.TooMany(w, r, quiet.Until.Sub(h.clock.Now()), "the channel has asked to be left alone until "+quiet.Until.UTC().Format(time.RFC3339))
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil: // the caller has gone
	case err != nil:
		h.logger.WarnContext(r.Context(), "test alert failed", "error", err)
		reply.JSON(w, r, http.StatusBadGateway, struct {
			reply.Failure
			Channel channelBody `json:"channel"`
		}{reply.Failure{Error: "the message was not sent"}, channel})
	default:
		h.logger.InfoContext(r.Context(), "test alert sent over the admin API", "remote", entry.HostOnly(r.RemoteAddr))
		reply.JSON(w, r, http.StatusOK, struct {
			Success bool        `json:"success"`
			Channel channelBody `json:"channel"`
		}{true, channel})
	}
}

// alertsBody is a monitor.AlertsStatus as callers see it.
type alertsBody struct {
	// Judged is the slot in which the rules were last judged here.
	Judged *time.Time `json:"judged"`
	// Rules are all rules, each target of one that ever fired by itself.
	Rules   []ruleBody `json:"rules"`
	Waiting int        `json:"waiting"`
	// Undelivered counts what could not be delivered, and is told when the channel
	// works again.
	Undelivered      int         `json:"undelivered"`
	UndeliveredSince *time.Time  `json:"undeliveredSince"`
	Channel          channelBody `json:"channel"`
}

type ruleBody struct {
	Rule       longrun.RuleID   `json:"rule"`
	Target     string           `json:"target"`
	State      rules.Phase      `json:"state"`
	Severity   longrun.Severity `json:"severity"`
	Since      *time.Time       `json:"since"`
	IncidentID string           `json:"incidentId"`
	Summary    string           `json:"summary"`
	Muted      string           `json:"muted"`
	LastSent   *time.Time       `json:"lastSent"`
	LastEnd    *time.Time       `json:"lastEnd"`
}

// channelBody says how the way to people is. Its error was made to be shown: no
// channel puts a secret into one.
type channelBody struct {
	Configured bool       `json:"configured"`
	Healthy    bool       `json:"healthy"`
	Permanent  bool       `json:"permanent"`
	LastSent   *time.Time `json:"lastSent"`
	LastFailed *time.Time `json:"lastFailed"`
	LastError  string     `json:"lastError"`
	Class      string     `json:"class"`
	QuietUntil *time.Time `json:"quietUntil"`
	// Channels are each of several, where the host chooses among them.
	Channels []oneChannelBody `json:"channels"`
}

type oneChannelBody struct {
	Name        string     `json:"name"`
	Healthy     bool       `json:"healthy"`
	Permanent   bool       `json:"permanent"`
	LastSent    *time.Time `json:"lastSent"`
	LastFailed  *time.Time `json:"lastFailed"`
	LastError   string     `json:"lastError"`
	QuietUntil  *time.Time `json:"quietUntil"`
	Undelivered int        `json:"undelivered"`
}

func channelOf(c monitor.ChannelStatus) channelBody {
	each := make([]oneChannelBody, len(c.Channels))
	for i, one := range c.Channels {
		each[i] = oneChannelBody{
			Name: one.Name, Healthy: one.LastError == "", Permanent: one.Permanent, LastSent: optional(one.LastSent),
			LastFailed: optional(one.LastFailed), LastError: one.LastError, QuietUntil: optional(one.QuietUntil), Undelivered: one.Undelivered,
		}
	}
	return channelBody{
		Channels: each, Configured: c.Configured, Healthy: c.LastError == "", Permanent: c.Permanent,
		LastSent: optional(c.LastSent), LastFailed: optional(c.LastFailed), LastError: c.LastError, Class: c.Class, QuietUntil: optional(c.QuietUntil),
	}
}

func alertsOf(s monitor.AlertsStatus) alertsBody {
	out := alertsBody{
		Judged: optional(s.Judged), Waiting: s.Waiting, Undelivered: s.Undelivered, UndeliveredSince: optional(s.UndeliveredSince),
		Channel: channelOf(s.Channel),
	}
	for _, rule := range rules.Rules() {
		shown := false
		for _, a := range s.Alarms {
			if a.Rule != rule {
				continue
			}
			shown = true
			out.Rules = append(out.Rules, ruleBody{
				Rule: rule, Target: a.Target, State: a.Phase, Severity: rules.SeverityOf(rule), Since: a.Since, IncidentID: a.IncidentID,
				Summary: a.Summary, Muted: a.Muted, LastSent: a.LastSent, LastEnd: a.LastEnd,
			})
		}
		if !shown {
			out.Rules = append(out.Rules, ruleBody{Rule: rule, State: rules.Inactive, Severity: rules.SeverityOf(rule)})
		}
	}
	return out
}
