package whatsapptest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types"
)

// Restrict puts these accounts, or everybody, under a reach-out timelock, the
// measure that WhatsApp takes against those who write to strangers: until then,
// or until Lift or Heal if until is the zero time, messages to chats in which the
// other side never wrote are refused with 463, and all others pass. kind is a word
// of WhatsApp's, such as "RESTRICT_ALL_COMPANIONS", "DEFAULT" or "RATE_LIMIT".
//
// All linked devices are notified, those that are away when they come back. The
// client sees NotifyAccountReachoutTimelock, active, with EnforcementType and
// TimeEnforcementEnds (zero if until is), and ErrServerReturnedError from
// SendMessage to strangers. It may ask, by the query that WhatsApp's own clients
// use (DangerousInternals().SendMexIQ, 23983697327930364). When until has passed,
// nobody is notified; after Lift and Heal, a notification says that it is over.
//
// RefuseMessages(463) is a refusal without a notification, which happens too.
func (s *Server) Restrict(until time.Time, kind string, numbers ...string) {
	r := &restriction{until: until, kind: kind}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(numbers, func(f *faults) { f.restriction = r })
	s.announce(numbers, r)
}

// Lift ends what Restrict began, for these accounts or everybody. The client sees
// NotifyAccountReachoutTimelock, no longer active.
func (s *Server) Lift(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, f := range s.faults {
		if at.within(numbers) {
			f.restriction = nil
		}
	}
	s.announce(numbers, nil)
}

// restriction is a reach-out timelock. None is nil.
type restriction struct {
	until time.Time
	kind  string
}

func (r *restriction) over() bool {
	return r == nil || !r.until.IsZero() && !time.Now().Before(r.until)
}

// Fields of WhatsApp's answer, and of its notification.
const (
	fetchedTimelock  = "xwa2_fetch_account_reachout_timelock"
	notifiedTimelock = "xwa2_notify_account_reachout_timelock"
)

// describe is the restriction as clients are told of it, under a name.
func (r *restriction) describe(name string) []byte {
	facts := map[string]any{"is_active": !r.over()}
	if !r.over() {
		facts["enforcement_type"] = r.kind
		if !r.until.IsZero() {
			facts["time_enforcement_ends"] = strconv.FormatInt(r.until.Unix(), 10)
		}
	}
	return graph(name, facts)
}

// graph is how WhatsApp answers queries of its newer kind.
func graph(name string, facts map[string]any) []byte {
	encoded, err := json.Marshal(map[string]any{"data": map[string]any{name: facts}})
	if err != nil {
		panic(fmt.Sprintf("whatsapptest: strings, numbers and booleans are JSON: %v", err))
	}
	return encoded
}

// announce notifies the devices of numbers of a restriction, or that there is
// none any more.
func (s *Server) announce(numbers []string, r *restriction) {
	for _, a := range s.accounts {
		for _, d := range a.sorted() {
			if d.at().within(numbers) {
				d.push(node{
					Tag:   "notification",
					Attrs: attrs{"from": types.ServerJID, "id": newID(), "type": "mex", "t": now()},
					Content: []node{{
						Tag:     "update",
						Attrs:   attrs{"op_name": "NotificationUserReachoutTimelockUpdate"},
						Content: r.describe(notifiedTimelock),
					}},
				})
			}
		}
	}
	s.notify()
}

// Queries of the newer kind that are answered here, by their IDs.
const (
	timelockQuery = "23983697327930364"
	newChatsQuery = "24503548349331633"
)

// mex answers a query of WhatsApp's newer kind.
func (s *Server) mex(c *conn, n *node) {
	query, _ := n.GetOptionalChildByTag("query")
	r := s.fault(c.at).restriction
	switch text(&query, "query_id") {
	case timelockQuery:
		c.answer(n, node{Tag: "result", Content: r.describe(fetchedTimelock)})
	case newChatsQuery:
		status := "NONE"
		if !r.over() {
			status = "CAPPED"
		}
		c.answer(n, node{Tag: "result", Content: graph("xwa2_message_capping_info", map[string]any{"capping_status": status})})
	default:
		c.refuse(n, "501", "feature-not-implemented")
	}
}
