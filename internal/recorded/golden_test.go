package recorded

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// golden is what the recording version said of the history.
type golden struct {
	MadeBy string `json:"madeBy"`
	// End is when the last instance was dead.
	End    time.Time      `json:"end"`
	Counts map[string]int `json:"counts"`
	Lock   struct {
		Epoch    int64  `json:"epoch"`
		Holder   string `json:"holder"`
		Held     bool   `json:"held"`
		ChainSeq int64  `json:"chainSeq"`
		Hash     string `json:"hash"`
	} `json:"lock"`
	Open    []string `json:"openIncidents"`
	Waiting []string `json:"waitingNotices"`
	// Report is the JSON of the report of the whole time, without its sentences.
	Report map[string]any `json:"report"`
	// Checks are what verify said, by the name of the check.
	Checks map[string]outcome `json:"checks"`
	// Rollups are the documents, by date, seals and all.
	Rollups map[string]any `json:"rollups"`
	// Fields are the fields of the documents of each collection; see shape.
	Fields map[string]shape `json:"fields"`
}

// outcome is of a verify.Outcome what is no sentence.
type outcome struct {
	Verdict  string           `json:"verdict"`
	Counts   map[string]int64 `json:"counts"`
	Findings []string         `json:"findings"` // severity and path
}

func outcomeOf(o verify.Outcome) outcome {
	out := outcome{Verdict: string(o.Verdict), Counts: o.Counts, Findings: []string{}}
	for _, f := range o.Problems {
		out.Findings = append(out.Findings, string(f.Weight)+" "+f.Path)
	}
	return out
}

// take reads everything that a golden holds. now is the end of the recording.
func take(t *testing.T, st store.Store, now time.Time) golden {
	t.Helper()
	ctx := t.Context()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	g := golden{MadeBy: "db568b8", End: now, Counts: map[string]int{}, Fields: map[string]shape{}, Rollups: map[string]any{}, Checks: map[string]outcome{}}
	for c, docs := range documents(t, l) {
		g.Counts[string(c)] = len(docs)
		g.Fields[string(c)] = shapeOf(docs)
		if c == ledger.Rollups {
			for id, doc := range docs {
				g.Rollups[id] = doc
			}
		}
	}
	row := rowOf(t, l)
	note, err := evidence.ParseNote(row.Note)
	require.NoError(t, err)
	g.Lock.Epoch, g.Lock.Holder, g.Lock.Held, g.Lock.ChainSeq, g.Lock.Hash = row.Epoch, row.HolderInstanceID, row.Held(), note.Head.ChainSeq, note.Head.Hash
	for e, err := range l.Incidents(ctx, ledger.Page{}) {
		require.NoError(t, err)
		if e.Value.Open() {
			g.Open = append(g.Open, e.Value.IncidentID)
		}
	}
	for e, err := range l.Notices(ctx, ledger.Page{}) {
		require.NoError(t, err)
		if e.Value.State == longrun.Waiting {
			g.Waiting = append(g.Waiting, e.Value.NoticeID)
		}
	}
	g.Report = numbers(t, l, now, nil)
	for _, o := range checks(ctx, t, l, now) {
		g.Checks[o.Check] = outcomeOf(o)
	}
	return g
}

// checks are what verify says.
func checks(ctx context.Context, t *testing.T, l *ledger.Ledger, now time.Time) []verify.Outcome {
	t.Helper()
	key, _ := signingKey().Public().(ed25519.PublicKey)
	evidence, err := verify.Evidence(ctx, l, verify.EvidenceOptions{Keys: []ed25519.PublicKey{key}})
	require.NoError(t, err)
	safe, err := verify.RestartSafe(ctx, l, verify.RestartSafeOptions{Now: now})
	require.NoError(t, err)
	probes, err := verify.Probes(ctx, l, verify.ProbesOptions{Now: now})
	require.NoError(t, err)
	return []verify.Outcome{evidence, safe, probes}
}

// numbers is the report of the whole time as plain JSON, without its sentences.
func numbers(t *testing.T, l *ledger.Ledger, now time.Time, o *ledger.SurveyOptions) map[string]any {
	t.Helper()
	s, err := l.Survey(t.Context(), longrun.Window{From: on(20, 0, 0, 0), To: now}, interval, now, o)
	require.NoError(t, err)
	text, err := report.New(s, nil).JSON()
	require.NoError(t, err)
	r := plain(t, json.RawMessage(text))
	for _, sentences := range []string{"derivations", "leftOut", "generatedAt", "instanceId", "commitHash"} {
		delete(r, sentences)
	}
	verdict := object(t, r["verdict"])
	delete(verdict, "text")
	delete(verdict, "basis")
	// A window of which the first day is not known was a PASS to the version that
	// wrote these, and is none any more.
	require.EqualValues(t, report.SoFar, verdict["result"])
	verdict["result"] = string(report.Pass)
	return r
}

func rowOf(t *testing.T, l *ledger.Ledger) lock.Row {
	t.Helper()
	rec, err := l.Record(t.Context(), l.LockKey())
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(t, err)
	return row
}

// documents are all of them as plain JSON, by collection and ID.
func documents(t *testing.T, l *ledger.Ledger) map[ledger.Collection]map[string]map[string]any {
	t.Helper()
	all := map[ledger.Collection]map[string]map[string]any{}
	for _, c := range ledger.Collections() {
		all[c] = map[string]map[string]any{}
		for rec, err := range l.Records(t.Context(), c, ledger.Page{}) {
			require.NoError(t, err)
			var fields map[string]any
			require.NoError(t, rec.Decode(&fields))
			all[c][rec.Key.ID] = plain(t, fields)
		}
	}
	return all
}

// plain is v as JSON has it.
func plain(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

func object(t *testing.T, v any) map[string]any {
	t.Helper()
	o, ok := v.(map[string]any)
	require.True(t, ok, "%v is no object", v)
	return o
}

// shape is the fields that documents have: for each path of an object, "" for the
// document itself and "[]" for the elements of a list, the names that every object
// there has.
type shape map[string][]string

// freeKeys are the fields whose objects are maps: their keys are data.
func freeKeys() []string {
	return []string{"probePassRates", "prunedAt", "probeEverySec", "retentionDays"}
}

func shapeOf(docs map[string]map[string]any) shape {
	s := shape{}
	for _, doc := range docs {
		s.add("", doc)
	}
	return s
}

func (s shape) add(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if known, ok := s[path]; ok {
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(known, name) })
		}
		s[path] = names
		for name, field := range v {
			if !slices.Contains(freeKeys(), name) {
				s.add(path+"."+name, field)
			}
		}
	case []any:
		for _, element := range v {
			s.add(path+"[]", element)
		}
	}
}

// contains asks that got has everything that want has: every field of every object
// with the same value, and lists of the same length. Objects may have more fields,
// and where null was there may be an empty one or an empty list.
func contains(t require.TestingT, path string, want, got any) {
	switch want := want.(type) {
	case nil:
		switch got := got.(type) {
		case map[string]any:
			require.Empty(t, got, path)
		case []any:
			require.Empty(t, got, path)
		default:
			require.Nil(t, got, path)
		}
	case map[string]any:
		have, ok := got.(map[string]any)
		require.True(t, ok, "%s is %v and no object", path, got)
		for name, field := range want {
			require.Contains(t, have, name, "%s has lost a field", path)
			contains(t, path+"."+name, field, have[name])
		}
	case []any:
		have, ok := got.([]any)
		require.True(t, ok, "%s is %v and no list", path, got)
		require.Len(t, have, len(want), path)
		for i, element := range want {
			contains(t, path+"[]", element, have[i])
		}
	default:
		require.Equal(t, want, got, path)
	}
}
