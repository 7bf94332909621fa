package measuring

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

// maxName bounds an account's name, in bytes.
const maxName = 120

// accounts are those of the host's last word, sorted by name. A beat that names the
// same ones as the beat before costs no allocation.
type accounts struct {
	ids   []string          // as the host names them
	names map[string]string // how metrics call them, of those alone
	order map[string]int    // by how bad a state is
	all   []metrics.Account
}

func newAccounts() accounts {
	a := accounts{names: make(map[string]string), order: make(map[string]int)}
	for i, state := range metrics.States() {
		a.order[state] = i
	}
	return a
}

// take takes what the host said. Several accounts of one name are one, which is as
// bad as the worst of them.
func (a *accounts) take(host []longrun.AccountStatus) {
	if !slices.EqualFunc(a.ids, host, func(id string, s longrun.AccountStatus) bool { return id == s.ID }) {
		a.ids = a.ids[:0]
		clear(a.names)
		for i := range host {
			a.ids = append(a.ids, host[i].ID)
			a.names[host[i].ID] = hostcall.Line(host[i].ID, maxName)
		}
	}
	a.all = a.all[:0]
	for i := range host {
		a.all = append(a.all, metrics.Account{Name: a.names[host[i].ID], State: a.stateOf(&host[i]), Reconnects: max(host[i].Reconnects, 0)})
	}
	slices.SortStableFunc(a.all, func(x, y metrics.Account) int { return strings.Compare(x.Name, y.Name) })
	merged := a.all[:0]
	for _, one := range a.all {
		last := len(merged) - 1
		if last < 0 || merged[last].Name != one.Name {
			merged = append(merged, one)
			continue
		}
		merged[last].Reconnects += one.Reconnects
		if cmp.Compare(a.order[one.State], a.order[merged[last].State]) > 0 {
			merged[last].State = one.State
		}
	}
	a.all = merged
}

// stateOf is the state as one of metrics.States.
func (a *accounts) stateOf(s *longrun.AccountStatus) string {
	_, known := a.order[s.State]
	switch {
	case s.State == "" && s.LoggedOut:
		return "logged_out"
	case s.State == "":
		return "unknown"
	case !known && s.LoggedOut:
		return "logged_out"
	case !known:
		return "other"
	}
	return s.State
}
