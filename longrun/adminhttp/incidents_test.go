package adminhttp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// troubles writes four incidents, two of them open, and returns their IDs,
// oldest first.
func (s *stand) troubles() []string {
	s.t.Helper()
	at := time.Date(2025, 12, 29, 20, 0, 0, 0, time.UTC)
	var all []string
	for i, trouble := range []struct {
		rule   longrun.RuleID
		target string
		open   bool
	}{
		{rules.MissedHeartbeats, "", false},
		{rules.LoggedOut, "a/b%2F c", true},
		{rules.ProbeFails, "outbound", false},
		{rules.ProbeFails, "inbound", true},
	} {
		start := at.Add(time.Duration(i) * time.Hour)
		incident := longrun.Incident{
			IncidentID: rules.IncidentID(trouble.rule, trouble.target, start), Rule: trouble.rule, Target: trouble.target, Severity: rules.SeverityOf(trouble.rule),
			TS: start, TSStart: start, Noticed: start.Add(time.Minute), Summary: "seen", Slots: []string{"2025-12-29T20-00-00"},
		}
		if !trouble.open {
			incident.TSEnd, incident.MTTRSec = new(start.Add(9*time.Minute)), new(540.0)
		}
		s.put(s.ledger.SetIncident(incident))
		all = append(all, incident.IncidentID)
	}
	return all
}

func TestIncidentsAreListedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	all := s.troubles()
	s.put(store.Set(s.ledger.Key(ledger.Incidents, "bad"), map[string]any{"ts": s.clock.Now(), "tsEnd": "soon"}))
	for query, want := range map[string][]string{
		"":                                       {"bad", all[3], all[2], all[1], all[0]},
		"?open=true":                             {all[3], all[1]},
		"?open=false":                            {all[2], all[0]},
		"?rule=probe_fails":                      {all[3], all[2]},
		"?rule=probe_fails&open=true":            {all[3]},
		"?target=outbound":                       {all[2]},
		"?target=" + url.QueryEscape("a/b%2F c"): {all[1]},
		"?target=nobody":                         nil,
		"?rule=queue_depth":                      nil,
		"?open=true&to=2025-12-29T22:00:00Z":     {all[1]},
		"?open=false&from=2025-12-29T21:30:00Z":  {all[2]},
	} {
		require.Equal(t, want, ids(s.get("/incidents"+query), "incidents"), query)
	}
	for query, field := range map[string]string{"open=yes": "open", "open=1": "open", "rule=nonsense": "rule", "limit=0": "limit", "state=open": "state", "open=true&open=false": "open"} {
		status, body, _ := s.ask(http.MethodGet, "/incidents?"+query, "")
		require.Equal(t, http.StatusBadRequest, status, query)
		require.Equal(t, field, body["field"], query)
	}
	// What cannot be read must not mean everything.
	for _, query := range []string{"open=true;rule=probe_fails", "open=%zz"} {
		status, body, _ := s.ask(http.MethodGet, "/incidents?"+query, "")
		require.Equal(t, http.StatusBadRequest, status, query)
		require.Contains(t, body["error"], "cannot be read")
	}
}

func TestAllThatIsWrongWithAQueryIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	_, body, _ := s.ask(http.MethodGet, "/incidents?open=yes&rule=none&limit=0&from=x", "")
	for _, field := range []string{"open: ", "rule: ", "limit: ", "from: "} {
		require.Contains(t, body["error"], field)
	}
}

func TestAnIncidentIsFoundByTheLinkOfItsMessage(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for i, id := range s.troubles() {
		got := object(s.get("/incidents/" + url.PathEscape(id))["incident"])
		require.Equal(t, id, got["id"])
		require.Equal(t, id, got["incidentId"])
		require.Equal(t, s.ledger.Path(ledger.Incidents)+"/"+id, got["path"])
		require.Equal(t, i%2 == 1, got["tsEnd"] == nil, "open")
		require.Equal(t, []any{"2025-12-29T20-00-00"}, got["slots"])
		require.Equal(t, []any{}, got["accounts"])
	}
}

func TestAnIncidentThatIsNotThereOrNoneIsTold(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, id := range []string{"nothing", "%FF", "a%2Fb", url.PathEscape("a%2Fb")} {
		status, body, _ := s.ask(http.MethodGet, "/incidents/"+id, "")
		require.Equal(t, http.StatusNotFound, status, id)
		require.Equal(t, "id", body["field"])
	}
	s.put(store.Set(s.ledger.Key(ledger.Incidents, "bad"), map[string]any{"ts": s.clock.Now(), "tsEnd": "soon"}))
	status, body, _ := s.ask(http.MethodGet, "/incidents/bad", "")
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "the document does not decode", body["error"])
	status, body, _ = s.ask(http.MethodGet, "/incidents/bad?open=true", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "open", body["field"])
}

func TestTheOutboxShowsWhatBecameOfMessages(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	at := s.clock.Now().UTC()
	s.put(
		s.ledger.SetNotice(longrun.Notice{NoticeID: "i_1", TS: at, Created: at, Kind: longrun.NoticeFiring, State: longrun.Sent, Key: "#r-1", SentAt: new(at)}),
		s.ledger.SetNotice(longrun.Notice{NoticeID: "i_2", TS: at.Add(time.Hour), Created: at, Kind: longrun.NoticeResolved, State: longrun.Waiting, Attempts: 3, Error: "timeout"}),
	)
	body := s.get("/outbox")
	require.Equal(t, []string{"i_2", "i_1"}, ids(body, "outbox"))
	waiting, sent := object(array(body["outbox"])[0]), object(array(body["outbox"])[1])
	require.Equal(t, "timeout", waiting["error"])
	require.Nil(t, waiting["sentAt"])
	require.EqualValues(t, at.Unix(), object(sent["sentAt"])["_seconds"])
	require.Empty(t, ids(s.get("/outbox?to="+at.Format(time.RFC3339)), "outbox"))
	require.Empty(t, ids(s.get("/outbox?from="+at.Add(time.Minute).Format(time.RFC3339)), "outbox"), "by when it was decided")
}

// A message that is tried again while somebody turns the pages is on one of them, and
// on no other (D16).
func TestTheOutboxPagesByWhatNeverMoves(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	at := s.clock.Now().UTC()
	put := func(i int, due time.Duration) {
		created := at.Add(time.Duration(i) * time.Minute)
		s.put(s.ledger.SetNotice(longrun.Notice{NoticeID: fmt.Sprint("i_", i), TS: created.Add(due), Created: created, State: longrun.Waiting}))
	}
	for i := range 6 {
		put(i, 0)
	}
	var got []string
	for path := "/outbox?limit=2"; path != ""; {
		body := s.get(path)
		got = append(got, ids(body, "outbox")...)
		path = ""
		if next, more := body["nextCursor"].(string); more {
			path = "/outbox?limit=2&cursor=" + url.QueryEscape(next)
		}
		put(1, time.Hour) // would be passed over
		put(5, 24*time.Hour)
	}
	require.Equal(t, []string{"i_5", "i_4", "i_3", "i_2", "i_1", "i_0"}, got)
}
