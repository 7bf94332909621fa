package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// wired is a server with a network of its own between it and the database.
type wired struct {
	*process
	net *faultnet.Proxy
}

// truth is what a server says of itself.
type truth struct {
	Leader bool  `json:"leader"`
	Epoch  int64 `json:"epoch"`
	Store  struct {
		Reachable bool `json:"reachable"`
	} `json:"store"`
}

// tookForDead reports whether a server leads since the one before was taken for dead.
func (p *process) tookForDead() bool {
	all := p.said()
	line, _, _ := strings.Cut(all[max(0, strings.LastIndex(all, " leading epoch=")):], "\n")
	return strings.Contains(line, "after=died")
}

func (p *process) truth() truth {
	p.t.Helper()
	response, err := http.Get("http://" + p.addr + "/api/admin/longrun/status")
	require.NoError(p.t, err)
	defer response.Body.Close()
	var body struct {
		Status truth `json:"status"`
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&body))
	return body.Status
}

// troubles are what befalls the network of whoever leads. One that cuts it off costs it
// the lead.
var troubles = []struct {
	name string
	cuts bool
	set  func(*faultnet.Proxy)
}{
	{"reset", false, (*faultnet.Proxy).Reset},
	{"stall", false, (*faultnet.Proxy).Stall},
	{"lost replies", true, (*faultnet.Proxy).LoseReplies},
	{"half open", true, func(p *faultnet.Proxy) { p.Blackhole(faultnet.Replies) }},
	{"lost requests", true, (*faultnet.Proxy).LoseRequests},
	{"black hole", true, func(p *faultnet.Proxy) { p.Blackhole() }},
	{"refused", true, func(p *faultnet.Proxy) { p.Refuse(); p.Reset() }},
}

// TestServersOutliveABrokenNetwork has two servers on a database, and breaks the network
// of whoever leads. What it tells of itself is true all the while: no two say that they
// lead, and who is cut off says so. To Postgres a connection that is cut looks like a
// death: then alone the one before trusts its lease while another leads, and the fence
// keeps it from writing. Nothing is written twice or by a stale leader, each empty slot
// has a cause, and when the network is whole all goes on by itself.
func TestServersOutliveABrokenNetwork(t *testing.T) {
	seedtest.Long(t)
	t.Parallel()
	t.Run("firestore", func(t *testing.T) {
		t.Parallel()
		host, project := firestoretest.Host(t), firestoretest.Project()
		st, err := firestorestore.New(firestoretest.Connect(t, host, project), nil)
		require.NoError(t, err)
		outlive(t, openBook(t, st), func(name string) wired {
			net := faultnet.New(t, host)
			return wired{launch(t, name, "LONGRUN_STORE=firestore:"+project, "FIRESTORE_EMULATOR_HOST="+net.Addr()), net}
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		address := postgresAddress(t, postgrestest.DSN(t))
		u, err := url.Parse(address)
		require.NoError(t, err)
		host := u.Host
		outlive(t, openBook(t, openPostgres(t, address)), func(name string) wired {
			net := faultnet.New(t, host)
			through := *u
			through.Host = net.Addr()
			return wired{launch(t, name, "LONGRUN_STORE="+through.String()), net}
		})
	})
}

func outlive(t *testing.T, b book, launch func(name string) wired) {
	t.Helper()
	leader := launch("one")
	b.await("one", 2)
	other := launch("two")
	other.says("standing by")
	// wait samples both until they are as they should be. Whoever leads now is asked
	// first: what led before must have stopped by then.
	wait := func(what string, is func(leader, other truth) bool) {
		t.Helper()
		two := false
		require.Eventually(t, func() bool {
			late, early := other.truth(), leader.truth()
			two = two || late.Leader && early.Leader && !other.tookForDead()
			return two || is(early, late)
		}, patience, 20*time.Millisecond, what)
		require.False(t, two, "%s: two say that they lead", what)
	}
	tried := troubles
	if seedtest.Histories(3) == 1 { // an ordinary run has time for one of each kind
		tried = troubles[1:4]
	}
	for _, trouble := range tried {
		if other.truth().Leader {
			leader, other = other, leader
		}
		before := len(b.beats())
		trouble.set(leader.net)
		if trouble.cuts {
			wait(trouble.name+" cuts the leader off, and it says so", func(was, next truth) bool {
				return next.Leader && !was.Leader && !was.Store.Reachable && next.Store.Reachable
			})
		}
		b.await("", before+3)
		leader.net.Heal()
		wait(trouble.name+" is over", func(x, y truth) bool {
			return x.Store.Reachable && y.Store.Reachable && x.Leader != y.Leader
		})
		b.await("", len(b.beats())+2)
		t.Logf("%s: epoch %d", trouble.name, max(leader.truth().Epoch, other.truth().Epoch))
	}
	c := &crew{b: b, all: []*process{leader.process, other.process}, took: []time.Duration{0}}
	c.tally(t.Name(), len(tried))
}
