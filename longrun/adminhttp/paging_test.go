package adminhttp_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// shownDocument is what a list has to show, kept beside the store.
type shownDocument struct {
	id      string
	at      time.Time
	mangled bool
	has     map[string]string // what its filters see
}

// fill writes n documents into each collection that has a list, several of them
// at the same time, and some that do not decode.
func fill(s *stand, random *rand.Rand, n int) map[ledger.Collection][]shownDocument {
	s.t.Helper()
	all := map[ledger.Collection][]shownDocument{}
	collections := []ledger.Collection{
		ledger.Heartbeats, ledger.Probes, ledger.Incidents, ledger.Outbox, ledger.Silences, ledger.Rollups, ledger.Runs, ledger.Locks,
	}
	for _, c := range collections {
		for i := range n {
			l := shownDocument{id: fmt.Sprintf("%c/%%2F ü%d", 'a'+random.IntN(26), i), at: s.clock.Now().UTC().Add(-time.Duration(random.IntN(n)) * time.Hour)}
			var value any
			value, l.has = sample(c, l.id, l.at, random)
			if l.mangled = random.IntN(8) == 0; l.mangled {
				value, l.has = map[string]any{"ts": l.at, "target": 1, "commitHash": 1, "holderInstanceId": 1}, nil
			}
			s.put(store.Set(s.ledger.Key(c, l.id), value))
			all[c] = append(all[c], l)
		}
		slices.SortFunc(all[c], func(a, b shownDocument) int {
			if d := b.at.Compare(a.at); d != 0 {
				return d
			}
			return strings.Compare(b.id, a.id)
		})
	}
	return all
}

func sample(c ledger.Collection, id string, at time.Time, random *rand.Rand) (any, map[string]string) {
	rule := rules.Rules()[random.IntN(3)]
	target := []string{"", "49…78", "a b&c"}[random.IntN(3)]
	over := random.IntN(2) == 0
	switch c {
	case ledger.Heartbeats:
		return longrun.Heartbeat{BucketID: id, TS: at}, nil
	case ledger.Probes:
		kind := []longrun.ProbeType{longrun.Outbound, longrun.Inbound}[random.IntN(2)]
		return longrun.Probe{ProbeKey: id, TS: at, Type: kind}, map[string]string{"type": string(kind)}
	case ledger.Incidents:
		i := longrun.Incident{IncidentID: id, TS: at, TSStart: at, Rule: rule, Target: target}
		if over {
			i.TSEnd = new(at.Add(time.Minute))
		}
		return i, map[string]string{"open": fmt.Sprint(!over), "rule": string(rule), "target": target}
	case ledger.Outbox:
		return longrun.Notice{NoticeID: id, TS: at}, nil
	case ledger.Silences:
		silence := longrun.Silence{SilenceID: id, TS: at, From: at, Until: at.Add(time.Duration(random.IntN(40)) * time.Hour)}
		now := time.Date(2025, 12, 29, 23, 8, 20, 0, time.UTC)
		return silence, map[string]string{"active": fmt.Sprint(silence.Until.After(now))}
	case ledger.Rollups:
		return longrun.Rollup{Date: id, TS: at}, nil
	case ledger.Runs:
		return longrun.Run{RunID: id, TS: at}, nil
	default:
	}
	return lock.Row{HolderInstanceID: id, TS: at, Epoch: 1}, nil
}

// through pages through a list and returns the IDs.
func through(s *stand, path string, query url.Values, limit int) []string {
	s.t.Helper()
	var got []string
	query.Set("limit", fmt.Sprint(limit))
	query.Del("cursor")
	for {
		r := httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+path+"?"+query.Encode(), nil)
		r.Header.Set("Authorization", "Bearer "+s.token)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		a := answer{w.Code, w.Header(), w.Body.Bytes()}
		described.check(s.t, r, "", a)
		require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
		body := a.json(s.t)
		page := ids(body, path[1:])
		require.EqualValues(s.t, len(page), body["count"])
		got = append(got, page...)
		next, more := body["nextCursor"].(string)
		if !more {
			return got
		}
		require.Len(s.t, page, limit, "only the last page is shorter")
		query.Set("cursor", next)
	}
}

func TestPagingThroughAListYieldsEachDocumentOnce(t *testing.T) {
	t.Parallel()
	const n = 30
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newStand(t, "s3cret-token-of-a-test")
		for c, documents := range fill(s, random, n) {
			for range 10 {
				query, window := url.Values{}, random.IntN(3) == 0
				from := s.clock.Now().UTC().Add(-time.Duration(random.IntN(n)) * time.Hour)
				to := from.Add(time.Duration(random.IntN(n)) * time.Hour)
				if window {
					query.Set("from", from.Format(time.RFC3339Nano))
					query.Set("to", to.Format(time.RFC3339Nano))
				}
				filter := map[string]string{}
				for name, value := range documents[random.IntN(n)].has {
					if random.IntN(2) == 0 && value != "" {
						filter[name] = value
						query.Set(name, value)
					}
				}
				var want []string
				for _, l := range documents {
					fits := !window || !l.at.Before(from) && l.at.Before(to)
					for name, value := range filter {
						fits = fits && !l.mangled && l.has[name] == value
					}
					if fits {
						want = append(want, l.id)
					}
				}
				require.Equal(t, want, through(s, "/"+string(c), query, 1+random.IntN(n+2)), "%s?%v", c, query)
			}
		}
	}
}

func TestWhatIsWrittenMeanwhileComesTwiceInNoList(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	first := s.get("/heartbeats?limit=10")
	for i := range 5 { // newer ones
		s.put(s.ledger.CreateHeartbeat(longrun.Beat(s.clock.Now().Add(time.Duration(i)*time.Minute), time.Minute)))
	}
	second := s.get("/heartbeats?limit=100&cursor=" + fmt.Sprint(first["nextCursor"]))
	all := append(ids(first, "heartbeats"), ids(second, "heartbeats")...)
	require.Len(t, all, 43)
	require.IsDecreasing(t, all)
}

func TestACursorThatNoListReturnedIsRefused(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for name, cursor := range map[string]string{
		"no base64": "!!", "no JSON": "YQ", "no ID": "eyJ0IjoxfQ", "beyond all years": "eyJ0Ijo5MjIzMzcyMDM2ODU0Nzc1ODA3LCJpIjoiYSJ9",
		"before all years": "eyJ0IjotOTIyMzM3MjAzNjg1NDc3NTgwOCwiaSI6ImEifQ",
	} {
		status, body, _ := s.ask(http.MethodGet, "/rollups?cursor="+url.QueryEscape(cursor), "")
		require.Equal(t, http.StatusBadRequest, status, name)
		require.Equal(t, "cursor", body["field"], name)
	}
}

func TestAPageEndsBeforeItIsTooMuch(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	at := s.clock.Now()
	for i := range 15 {
		id := fmt.Sprint("i", i)
		s.put(s.ledger.SetIncident(longrun.Incident{IncidentID: id, TS: at.Add(-time.Duration(i) * time.Second), TSStart: at, Summary: strings.Repeat("x", 1_000_000)}))
	}
	body := s.get("/incidents?limit=1000")
	require.EqualValues(t, 8, body["count"])
	rest := s.get("/incidents?limit=1000&cursor=" + fmt.Sprint(body["nextCursor"]))
	require.EqualValues(t, 7, rest["count"])
	require.Equal(t, "i8", ids(rest, "incidents")[0])
	require.NotContains(t, rest, "nextCursor")
}
