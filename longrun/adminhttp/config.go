package adminhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxBody bounds what a caller may send: the settings are a few hundred bytes.
const maxBody = 64 << 10

type configReply struct {
	Success bool `json:"success"`
	// Stored is false while nobody has stored settings and the defaults rule.
	Stored bool     `json:"stored"`
	Config document `json:"config"`
	// Warning says that the stored document makes no sense, and that Config
	// shows the defaults in its place.
	Warning string `json:"warning,omitempty"`
}

// config answers GET config. The ETag is the document's version, for If-Match.
func (h *handler) config(w http.ResponseWriter, r *http.Request) {
	if p := newParams(r); p.err != nil {
		fail(w, http.StatusBadRequest, p.err.field, p.err.Error())
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
	reply(w, http.StatusOK, body)
}

func (h *handler) configReply(s longrun.Settings, version string) configReply {
	key := h.monitor.Ledger().SettingsKey()
	return configReply{Success: true, Stored: version != "", Config: document{id: key.ID, path: key.String(), value: s}}
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the body could not be read, or has more than %d bytes", maxBody))
		return
	}
	settings, version, err := h.monitor.Settings(r.Context())
	var mangled *ledger.DocumentError
	if err != nil && !errors.As(err, &mangled) {
		h.storeFailed(w, r, err)
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && match != "*" && match != `"`+version+`"` {
		fail(w, http.StatusPreconditionFailed, "", "the settings were changed since; read them again")
		return
	}
	if err := merge(body, &settings); err != nil {
		field := ""
		if bad, ok := errors.AsType[*fieldError](err); ok {
			field = bad.field
		}
		fail(w, http.StatusBadRequest, field, err.Error())
		return
	}
	settings.UpdatedBy = "admin API"
	written, err := h.monitor.PutSettings(r.Context(), settings, version)
	switch {
	case errors.Is(err, store.ErrConflict):
		fail(w, http.StatusConflict, "", "the settings were changed at the same moment; try again")
	case err != nil:
		h.storeFailed(w, r, err)
	default:
		h.logger.InfoContext(r.Context(), "settings stored over the admin API", "remote", hostOnly(r.RemoteAddr))
		settings.TS = h.monitor.Status().Settings.TS // they are in force
		setETag(w, written)
		reply(w, http.StatusOK, h.configReply(settings, written))
	}
}

// merge lays the body's fields over s and checks the outcome. The fields that
// GET config adds are passed over, so that what was read can be sent back.
func merge(body []byte, s *longrun.Settings) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("the body is no JSON object: %w", err)
	}
	for _, name := range []string{"id", "path", "ts", "updatedBy"} {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return errors.New("the body changes nothing; send one or more fields of the settings")
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		one, err := json.Marshal(map[string]json.RawMessage{name: fields[name]})
		if err != nil {
			return &fieldError{name, "is no JSON value"}
		}
		if string(fields[name]) == "null" {
			return &fieldError{name, "is null"}
		}
		switch name { // maps and lists are replaced like any value, not added to
		case "probeEverySec":
			s.ProbeEverySec = nil
		case "retentionDays":
			s.RetentionDays = nil
		case "maintenance":
			s.Maintenance = nil
		}
		decoder := json.NewDecoder(strings.NewReader(string(one)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(s); err != nil {
			return &fieldError{name, strings.TrimPrefix(err.Error(), "json: ")}
		}
	}
	if err := s.Validate(); err != nil {
		message := strings.ReplaceAll(err.Error(), "\n", "; ")
		field, _, _ := strings.Cut(message, " ")
		return &fieldError{field, strings.TrimPrefix(message, field+" ")}
	}
	return nil
}
