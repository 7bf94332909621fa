package replay

import "time"

const (
	// Patience is how long after the end of the replay a message may come: the
	// client's queue may run over beside it.
	Patience = time.Minute
	// Endless is how long after a connection a replay is taken to be over whose
	// end nobody says.
	Endless = 5 * time.Minute
	// again is how long a verdict is given again, once: whoever asks once more at
	// once wants it confirmed.
	again = 5 * time.Minute
	// early is how long before Connected the end of that connection's replay may
	// be told: the two take different ways through the client.
	early = 10 * time.Second
)

// Fate is what became of the message.
type Fate int

// The fates.
const (
	// None: no message is out, or it came in time and is told of no more.
	None Fate = iota
	// Open: it may come yet.
	Open
	// Late: it came, more than Patience after the end of the replay.
	Late
	// Lost: it did not come.
	Lost
	// Unreadable: something came that could not be read.
	Unreadable
)

// Watch follows one message. The zero Watch follows none.
type Watch struct {
	series, id  string
	back, ended time.Time // when the account came back, and when its replay ended
	garbled     bool      // it came, and could not be read
	fate        Fate
	missed      time.Time     // the end of the replay that did not bring it
	after       time.Duration // of Late: how long after that it came
	told        time.Time     // when its fate was first told
}

// Leave has a message followed that was sent while the account was away, by the
// series of its marker and its ID. While one is out already, the new one is not.
func (w *Watch) Leave(series, id string) {
	if w.fate == None {
		back, ended := w.back, w.ended
		*w = Watch{series: series, id: id, fate: Open, back: back, ended: ended}
	}
}

// Forget gives the message up: the account is linked anew, or another process
// has it, and the message goes elsewhere.
func (w *Watch) Forget() { *w = Watch{} }

// Away says that the connection is gone. A replay that was under way is not
// judged; the next one brings what it did not.
func (w *Watch) Away(now time.Time) {
	w.judge(now)
	w.back, w.ended = time.Time{}, time.Time{}
}

// Back says that the account is connected anew.
func (w *Watch) Back(now time.Time) {
	w.judge(now)
	w.back = now
	if now.Sub(w.ended) > early {
		w.ended = time.Time{}
	}
}

// Ended says that the server has replayed all that waited.
func (w *Watch) Ended(now time.Time) { w.ended = now }

// Came says that the message of a series is there.
func (w *Watch) Came(series string, now time.Time) {
	if w.series != series || series == "" || w.fate == Late {
		return
	}
	if w.judge(now); w.fate == Open { // in time
		*w = Watch{back: w.back, ended: w.ended}
		return
	}
	w.fate, w.after, w.told = Late, now.Sub(w.missed), time.Time{}
}

// Garbled says that a message of an ID came and could not be read.
func (w *Watch) Garbled(id string) {
	if id != "" && w.id == id {
		w.garbled = true
	}
}

// Look returns the fate as it is now, and for Late by how much. A fate is told
// twice at the most, the second time within 5 minutes, and then forgotten.
func (w *Watch) Look(now time.Time) (Fate, time.Duration) {
	w.judge(now)
	if w.fate == None || w.fate == Open {
		return w.fate, 0
	}
	if w.told.IsZero() {
		w.told = now
		return w.fate, w.after
	}
	last := *w
	*w = Watch{back: w.back, ended: w.ended}
	if now.Sub(last.told) > again {
		return None, 0
	}
	return last.fate, last.after
}

// over returns when the replay ended, or is taken to have.
func (w *Watch) over() (time.Time, bool) {
	switch {
	case w.back.IsZero():
		return time.Time{}, false
	case w.ended.IsZero():
		return w.back.Add(Endless), true
	case w.ended.Before(w.back):
		return w.back, true
	}
	return w.ended, true
}

// judge gives the message up when its time is over.
func (w *Watch) judge(now time.Time) {
	over, known := w.over()
	if w.fate != Open || !known || !now.After(over.Add(Patience)) {
		return
	}
	w.fate, w.missed = Lost, over
	if w.garbled {
		w.fate = Unreadable
	}
}
