package whatsapptest

import "strconv"

// LoseOffline loses n of the messages that wait for devices of these accounts, or
// of everybody, counting each device's copy, when those connect again: they are
// counted in what WhatsApp announces, and do not come, now or later. The client
// sees more Messages in OfflineSyncPreview than it gets before
// OfflineSyncCompleted, whose Count is that of the preview. The oldest are lost
// first.
func (s *Server) LoseOffline(n int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.losesOffline = n })
}

// NoOfflineEnd never says to these accounts, or to anybody, that all which waited
// while they were away has come, until Heal. The client sees OfflineSyncPreview
// and the messages, and no OfflineSyncCompleted. whatsmeow goes on with what comes
// after; clients that wait for the end show nothing new.
func (s *Server) NoOfflineEnd(numbers ...string) {
	s.set(numbers, func(f *faults) { f.noOfflineEnd = true })
}

// activate begins live traffic: first what came while the device was away, then
// all else as it comes.
func (s *Server) activate(c *conn) {
	d := c.device
	d.active = true
	waiting := d.unsent()
	if len(waiting) > 0 {
		kinds := map[string]int{}
		for _, item := range waiting {
			kinds[item.node.Tag]++
		}
		c.send(node{Tag: "ib", Content: []node{{Tag: "offline_preview", Attrs: attrs{
			"count":        strconv.Itoa(len(waiting)),
			"message":      strconv.Itoa(kinds["message"]),
			"receipt":      strconv.Itoa(kinds["receipt"]),
			"notification": strconv.Itoa(kinds["notification"]),
			"appdata":      "0",
		}}}})
	}
	for i, item := range waiting {
		if item.node.Tag == "message" && s.spend(d.at(), func(f *faults) *int { return &f.losesOffline }) {
			d.drop(item)
			continue
		}
		d.sendOffline(item, i)
	}
	c.replay = &replay{count: len(waiting)}
	c.endReplay()
	s.notify()
}

// A replay is what a connection begins with.
type replay struct {
	count int // of what waited
}

// endReplay says that all which waited was sent, unless it was said already.
func (c *conn) endReplay() {
	if c.replay == nil || c.server.fault(c.at).noOfflineEnd {
		return
	}
	c.send(node{Tag: "ib", Content: []node{{Tag: "offline", Attrs: attrs{"count": strconv.Itoa(c.replay.count)}}}})
	c.replay = nil
}
