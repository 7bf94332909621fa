package adminhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

type statusReply struct {
	Success bool       `json:"success"`
	Status  statusBody `json:"status"`
}

// statusBody is a monitor.Status as callers see it.
type statusBody struct {
	InstanceID    string          `json:"instanceId"`
	RunID         string          `json:"runId"`
	CommitHash    string          `json:"commitHash"`
	Version       string          `json:"version"`
	Root          string          `json:"root"`
	IntervalSec   float64         `json:"intervalSec"`
	LeaseSec      float64         `json:"leaseSec"`
	Started       *time.Time      `json:"started"`
	State         monitor.State   `json:"state"`
	Since         *time.Time      `json:"since"`
	Leader        bool            `json:"leader"`
	Epoch         int64           `json:"epoch"`
	Holder        string          `json:"holder"`
	LastHeartbeat *beatBody       `json:"lastHeartbeat"`
	Heartbeats    heartbeatCounts `json:"heartbeats"`
	Tasks         []taskBody      `json:"tasks"`
	Probes        []probeBody     `json:"probes"`
	NextRollup    *time.Time      `json:"nextRollup"`
	Alerts        alertsBody      `json:"alerts"`
	Cosigners     []cosignerBody  `json:"cosigners"`
	Store         storeState      `json:"store"`
	Settings      settingsBody    `json:"settings"`
}

// beatBody is a heartbeat outside of a list, with null for a health that it does not know.
type beatBody struct {
	longrun.Heartbeat
	Healthy *bool `json:"healthy"`
}

func beatOf(h *longrun.Heartbeat) *beatBody {
	switch {
	case h == nil:
		return nil
	case h.HealthUnknown:
		return &beatBody{Heartbeat: *h}
	}
	return &beatBody{*h, &h.Healthy}
}

// taskBody is a monitor.TaskStatus as callers see it. Its error stands in the log:
// it may name hosts and paths.
type taskBody struct {
	Name     string     `json:"name"`
	State    string     `json:"state"`
	Since    *time.Time `json:"since"`
	Restarts int64      `json:"restarts"`
	Failed   bool       `json:"failed"`
}

func taskBodies(tasks []monitor.TaskStatus) []taskBody {
	out := make([]taskBody, len(tasks))
	for i, t := range tasks {
		out[i] = taskBody{Name: t.Name, State: string(t.State), Since: optional(t.Since), Restarts: t.Restarts, Failed: t.Error != ""}
	}
	return out
}

// cosignerBody is a monitor.CosignerStatus as callers see it. Its error stands in the
// log, as a task's does.
type cosignerBody struct {
	Name          string     `json:"name"`
	Size          int64      `json:"size"`
	At            *time.Time `json:"at"`
	Contradiction string     `json:"contradiction"`
	Since         *time.Time `json:"since"`
	Failed        bool       `json:"failed"`
}

func cosignerBodies(list []monitor.CosignerStatus) []cosignerBody {
	out := make([]cosignerBody, len(list))
	for i, c := range list {
		out[i] = cosignerBody{Name: c.Name, Size: c.Size, At: optional(c.At), Contradiction: c.Contradiction, Since: optional(c.Since), Failed: c.Error != ""}
	}
	return out
}

// settingsBody are the settings in force, with a time where there is one.
type settingsBody struct {
	longrun.Settings
	TS *time.Time `json:"ts"`
}

// settingsOf shows settings without a null where nothing is set, as config does.
func settingsOf(s longrun.Settings) settingsBody {
	body := settingsBody{Settings: s, TS: optional(s.TS)}
	if s.ProbeEverySec == nil {
		body.ProbeEverySec = map[string]float64{}
	}
	if s.RetentionDays == nil {
		body.RetentionDays = map[string]int64{}
	}
	body.Targets = append(make([]longrun.Target, 0, len(s.Targets)), s.Targets...)
	body.RulesOff = append(make([]longrun.RuleID, 0, len(s.RulesOff)), s.RulesOff...)
	body.Maintenance = make([]longrun.Maintenance, len(s.Maintenance))
	for i, m := range s.Maintenance {
		m.Days = listed(m.Days)
		body.Maintenance[i] = m
	}
	return body
}

// listed is a list that is not null where it is empty.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// probeBody is a monitor.ProbeStatus as callers see it.
type probeBody struct {
	Type       longrun.ProbeType `json:"type"`
	Name       string            `json:"name"`
	Configured bool              `json:"configured"`
	EverySec   float64           `json:"everySec"`
	RetrySec   float64           `json:"retrySec"`
	Due        *time.Time        `json:"due"`
	Running    bool              `json:"running"`
	Off        string            `json:"off"`
	Suspect    *suspectBody      `json:"suspect"`
	Last       *longrun.Probe    `json:"last"`
}

// suspectBody is why a probe is to be made early, and when.
type suspectBody struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	Early  time.Time `json:"early"`
}

func probeBodies(probes []monitor.ProbeStatus) []probeBody {
	out := make([]probeBody, len(probes))
	for i, p := range probes {
		if p.Last != nil {
			last := *p.Last
			last.Stages, last.Attempts = listed(last.Stages), listed(last.Attempts)
			p.Last = &last
		}
		out[i] = probeBody{
			Type: p.Type, Name: p.Name, Configured: p.Configured, EverySec: p.Every.Seconds(), RetrySec: p.Retry.Seconds(),
			Due: optional(p.Due), Running: p.Running, Off: p.Off, Last: p.Last,
		}
		if !p.Suspect.Since.IsZero() {
			out[i].Suspect = &suspectBody{Since: p.Suspect.Since.UTC(), Reason: p.Suspect.Reason, Early: p.Early.UTC()}
		}
	}
	return out
}

type heartbeatCounts struct {
	Stored  int `json:"stored"`
	Waiting int `json:"waiting"`
	Dropped int `json:"dropped"`
}

// storeState tells no more of an error than that there is one: its text may
// name hosts and paths, and stands in the log.
type storeState struct {
	Reachable  bool       `json:"reachable"`
	ReadOnly   bool       `json:"readOnly"`
	LastAnswer *time.Time `json:"lastAnswer"`
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	s := h.monitor.Status()
	reply.JSON(w, r, http.StatusOK, statusReply{Success: true, Status: statusBody{
		InstanceID: s.InstanceID, RunID: s.RunID, CommitHash: s.CommitHash, Version: s.Version, Root: s.Root,
		IntervalSec: s.Interval.Seconds(), LeaseSec: s.Lease.Seconds(),
		Started: optional(s.Started), State: s.State, Since: optional(s.Since), Leader: s.State == monitor.Leading,
		Epoch: s.Epoch, Holder: s.Holder, LastHeartbeat: beatOf(s.LastHeartbeat),
		Heartbeats: heartbeatCounts{Stored: s.Stored, Waiting: s.Waiting, Dropped: s.Dropped},
		Tasks:      taskBodies(s.Tasks),
		Probes:     probeBodies(s.Probes),
		NextRollup: optional(s.NextRollup),
		Alerts:     alertsOf(s.Alerts),
		Cosigners:  cosignerBodies(s.Cosigners),
		Store:      storeState{Reachable: s.StoreReachable, ReadOnly: s.StoreReadOnly, LastAnswer: optional(s.StoreAnswered)},
		Settings:   settingsOf(s.Settings),
	}})
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Livez answers 200 for as long as the process can answer at all. It makes no
// store call and needs no token: a store that is down must not get its host
// restarted.
func Livez() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply.JSON(w, r, http.StatusOK, map[string]any{"success": true})
	})
}

// Readyz answers 200 while m runs and its store answers and takes writes, and
// 503 with the reason otherwise. A standby is ready: it does what it is for. It makes no
// store call and needs no token, and says nothing but the reason. What status says
// of the alert channel and of the leader's tasks is told beside it in a few words,
// and leaves the instance ready: to restart it would help nobody.
func Readyz(m interface{ Status() monitor.Status }) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Status()
		switch {
		case s.State == monitor.Stopped:
			reply.Fail(w, r, http.StatusServiceUnavailable, "", "the monitor is not running")
		case !s.StoreReachable:
			reply.Fail(w, r, http.StatusServiceUnavailable, "", "the store does not answer")
		case s.StoreReadOnly:
			reply.Fail(w, r, http.StatusServiceUnavailable, "", "the store takes no writes")
		default:
			reply.JSON(w, r, http.StatusOK, map[string]any{"success": true, "state": s.State, "alerts": alertsText(s.Alerts), "tasks": tasksText(s.Tasks)})
		}
	})
}

// alertsText says in a few words how the way to people is, and what they could not
// be told.
func alertsText(a monitor.AlertsStatus) string {
	text := channelText(a.Channel)
	if a.Undelivered == 0 {
		return text
	}
	lost := "1 message is undelivered"
	if a.Undelivered != 1 {
		lost = strconv.Itoa(a.Undelivered) + " messages are undelivered"
	}
	lost += " since " + a.UndeliveredSince.UTC().Format(time.RFC3339)
	if text == "ok" {
		return lost
	}
	return lost + ": " + text
}

// channelText says in a few words, and without the channel's own, what status
// says of it.
func channelText(c monitor.ChannelStatus) string {
	switch {
	case c.Permanent:
		return "cannot be sent until the channel is mended"
	case c.LastError != "" && !c.QuietUntil.IsZero():
		return "the last message was not sent: the channel asked for quiet until " + c.QuietUntil.UTC().Format(time.RFC3339)
	case c.LastError != "":
		return "the last message was not sent"
	case !c.Configured:
		return "no channel is configured"
	}
	switch broken, all := len(c.Broken()), len(c.Channels); {
	case broken == 1:
		return fmt.Sprintf("1 of %d channels does not take messages", all)
	case broken > 1:
		return fmt.Sprintf("%d of %d channels do not take messages", broken, all)
	}
	return "ok"
}

// tasksText names the tasks of a leader that ended early and wait to be started
// again.
func tasksText(tasks []monitor.TaskStatus) string {
	var failed []string
	for _, t := range tasks {
		if t.State == monitor.TaskFailed {
			failed = append(failed, t.Name)
		}
	}
	if len(failed) == 0 {
		return "ok"
	}
	return "failed, and started again soon: " + strings.Join(failed, ", ")
}
