package adminhttp

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

type configReply struct {
	Success bool `json:"success"`
	// Stored is false while nobody has stored settings and the defaults rule.
	Stored bool           `json:"stored"`
	Config reply.Document `json:"config"`
	// Warning says that the stored document makes no sense, and that Config
	// shows the defaults in its place.
	Warning string `json:"warning,omitempty"`
}

// config answers GET config. The ETag is the document's version, for If-Match.
func (h *handler) config(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	settings, version, err := h.monitor.Settings(r.Context())
	var mangled *ledger.DocumentError
	if err != nil && !errors.As(err, &mangled) {
		h.storeFailed(w, r, err)
		return
	}
	body := h.configReply(settings, version)
	if mangled != nil {
		body.Warning = "the stored settings make no sense and are not in force: " + mangled.Err.Error()
	}
	setETag(w, version)
	reply.JSON(w, r, http.StatusOK, body)
}

func (h *handler) configReply(s longrun.Settings, version string) configReply {
	key := h.monitor.Ledger().SettingsKey()
	return configReply{Success: true, Stored: version != "", Config: reply.Document{ID: key.ID, Path: key.String(), Value: s}}
}

func setETag(w http.ResponseWriter, version string) {
	if version != "" {
		w.Header().Set("ETag", `"`+version+`"`)
	}
}

// putConfig answers PUT config: the body's fields replace the stored ones, a
// field left out keeps its value. If-Match, when given, asks that nobody
// changed the settings in between.
func (h *handler) putConfig(w http.ResponseWriter, r *http.Request) {
	if !request.NoParams(w, r) {
		return
	}
	fields, ok := request.Fields(w, r)
	if !ok {
		return
	}
	settings, version, err := h.monitor.Settings(r.Context())
	var mangled *ledger.DocumentError
	if err != nil && !errors.As(err, &mangled) {
		h.storeFailed(w, r, err)
		return
	}
	if !matches(r.Header.Get("If-Match"), version) {
		reply.Fail(w, r, http.StatusPreconditionFailed, "", "the settings were changed since; read them again")
		return
	}
	if bad := merge(fields, &settings); len(bad) > 0 {
		request.Refuse(w, r, bad)
		return
	}
	settings.UpdatedBy = "admin API"
	written, err := h.monitor.PutSettings(r.Context(), settings, version)
	switch {
	case errors.Is(err, store.ErrConflict):
		reply.Fail(w, r, http.StatusConflict, "", "the settings were changed at the same moment; try again")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.logger.InfoContext(r.Context(), "settings stored over the admin API", "remote", entry.HostOnly(r.RemoteAddr))
		settings.TS = h.monitor.Status().Settings.TS // they are in force
		setETag(w, written)
		reply.JSON(w, r, http.StatusOK, h.configReply(settings, written))
	}
}

// matches reports whether an If-Match header holds for a document's version,
// which is empty where there is none.
func matches(header, version string) bool {
	switch header {
	case "":
		return true
	case "*":
		return version != ""
	}
	return header == `"`+version+`"`
}

// merge lays the body's fields over s and checks the outcome. The fields that
// GET config adds are passed over, so that what was read can be sent back.
func merge(fields map[string]json.RawMessage, s *longrun.Settings) (bad request.Errors) {
	for _, name := range []string{"id", "path", "ts", "updatedBy"} {
		delete(fields, name)
	}
	if len(fields) == 0 {
		bad.Add("", "the body changes nothing; send one or more fields of the settings")
		return bad
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "probeEverySec": // maps and lists are replaced like any value, not added to
			s.ProbeEverySec = nil
		case "retentionDays":
			s.RetentionDays = nil
		case "maintenance":
			s.Maintenance = nil
		case "rulesOff":
			s.RulesOff = nil
		case "targets":
			s.Targets = nil
		}
		if message := nullIn(fields[name]); message != "" {
			bad.Add(name, message)
			continue
		}
		request.SetField(s, name, fields[name], &bad)
	}
	if len(bad) == 0 {
		bad = request.Named(rules.ValidateSettings(*s))
	}
	return bad
}

// nullIn says what of a value is null: itself, or a member. Decoding would leave
// there what was there before, which nobody can have meant.
func nullIn(value json.RawMessage) string {
	if string(value) == "null" {
		return "is null"
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return "" // no object
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if string(members[name]) == "null" {
			return name + " is null"
		}
	}
	return ""
}
