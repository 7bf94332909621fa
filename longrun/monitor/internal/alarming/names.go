package alarming

import (
	"sync"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

// names is how incidents and messages call accounts, which every slot asks for.
// Different accounts may have one name: then the name is what people hear of.
type names struct {
	mu    sync.Mutex
	clean map[string]string // of those that are not plain, at most maxNames
}

const (
	// maxNames bounds what is remembered.
	maxNames = hostcall.MaxAccounts
	// maxTarget bounds a target: it is part of a document's ID.
	maxTarget = 120
)

func newNames() *names { return &names{clean: make(map[string]string)} }

func (n *names) of(id string) string {
	if isPlain(id) {
		return id
	}
	key := id
	if len(key) > 8*maxTarget { // a longer one differs in nothing that its name shows
		key = key[:8*maxTarget]
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if clean, ok := n.clean[key]; ok {
		return clean
	}
	if len(n.clean) >= maxNames {
		clear(n.clean)
	}
	clean := hostcall.Line(key, maxTarget)
	n.clean[key] = clean
	return clean
}

// isPlain reports that hostcall.Line has nothing to change, as quickly as can be.
func isPlain(id string) bool {
	if len(id) > maxTarget {
		return false
	}
	digits := 0
	for _, c := range []byte(id) {
		if c >= '0' && c <= '9' {
			digits++
		} else if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return digits < 7
}
