package adminhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// harmful is what no screen may get: what moves the cursor, rings, hides, or turns
// the reading direction round.
const harmful = "\x1b]0;title\x07\x1b[2J\r\u009b31m\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\U000e0041<script>alert(1)</script>\nPASS"

// poison puts text into every text of a document, and as a key into every map;
// what makes it one of its collection stays.
func poison(v any, text string, keep ...string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			kept := false
			for _, k := range keep {
				kept = kept || k == name
			}
			if !kept {
				v[name] = poison(value, text)
			}
		}
	case []any:
		for i := range v {
			v[i] = poison(v[i], text)
		}
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return text
		}
	}
	return v
}

func requireHarmless(t *testing.T, where, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), where)
	for i, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			require.Fail(t, "harmful", "%s: %U after %q", where, r, text[max(0, i-40):i])
		}
	}
}

func TestNothingOfADocumentReachesAScreenUncleaned(t *testing.T) {
	t.Parallel()
	for _, text := range []string{harmful, harmful + strings.Repeat("\u202ex", 15_000)} {
		s := newStand(t, "")
		s.night()
		at := s.clock.Now().Add(-30 * time.Minute)
		for collection, good := range specimens(s.clock.Now()) {
			data, err := json.Marshal(good.value)
			require.NoError(t, err)
			var fields map[string]any
			require.NoError(t, json.Unmarshal(data, &fields))
			fields = object(poison(fields, text, "incidentId", "runId", "silenceId", "date"))
			fields["ts"] = at
			s.put(store.Set(s.ledger.Key(collection, good.id), fields))
			// One of an ID that is as bad, and that does not decode.
			s.put(store.Set(s.ledger.Key(collection, "x"+strings.ReplaceAll(harmful, "/", "")), map[string]any{"ts": at, "healthy": harmful, "type": harmful, "rule": harmful, "slots": 7}))
		}
		incident := longrun.Incident{IncidentID: "i", Rule: longrun.RuleID(text), Target: text, Severity: longrun.Severity(text), TS: at, TSStart: at, Summary: text, InstanceID: text}
		s.put(store.Set(s.ledger.Key(ledger.Incidents, "i"), incident))
		probe := longrun.Probe{ProbeKey: text, Type: longrun.ProbeType(text), TS: at, Result: longrun.Fail, ErrorClass: text, Error: text}
		s.put(store.Set(s.ledger.Key(ledger.Probes, "p"), probe))

		for _, path := range []string{
			"/heartbeats", "/probes", "/incidents", "/incidents/i", "/outbox", "/silences", "/rollups", "/runs", "/locks", "/config", "/coverage", "/status",
			"/report", "/report?format=markdown", "/report?format=html", "/coverage?format=csv", "/probes?format=csv", "/incidents?format=csv",
		} {
			a := s.do(http.MethodGet, path, "")
			requireHarmless(t, path, string(a.body))
			requireHarmless(t, path, html.UnescapeString(string(a.body)))
			if strings.Contains(path, "format") && !strings.Contains(path, "csv") {
				require.NotContains(t, string(a.body), "<script", path)
				require.Less(t, len(a.body), 200<<10, path)
			}
		}
		requireHarmless(t, "log", s.log.String())

		for name, check := range map[string]func(context.Context) (verify.Outcome, error){
			"evidence": func(ctx context.Context) (verify.Outcome, error) {
				return verify.Evidence(ctx, s.ledger, verify.EvidenceOptions{})
			},
			"restart-safe": func(ctx context.Context) (verify.Outcome, error) {
				return verify.RestartSafe(ctx, s.ledger, verify.RestartSafeOptions{Now: s.clock.Now()})
			},
			"probes": func(ctx context.Context) (verify.Outcome, error) {
				return verify.Probes(ctx, s.ledger, verify.ProbesOptions{Now: s.clock.Now()})
			},
		} {
			outcome, err := check(t.Context())
			require.NoError(t, err, name)
			var text, data bytes.Buffer
			require.NoError(t, outcome.WriteText(&text))
			require.NoError(t, outcome.WriteJSON(&data))
			for _, out := range []string{text.String(), data.String()} {
				requireHarmless(t, name, out)
				require.Less(t, len(out), 200<<10, name)
			}
			for line := range strings.Lines(text.String()) {
				require.False(t, strings.HasPrefix(line, "PASS"), "no line of its own: %s", line)
			}
		}
	}
}
