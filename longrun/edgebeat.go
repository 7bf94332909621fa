package longrun

func newEdgeBeat(h *Heartbeat) EdgeBeat {
	return EdgeBeat{TS: h.TS.UTC(), InstanceID: h.InstanceID, CommitHash: h.CommitHash, UptimeSec: h.UptimeSec, ChainSeq: h.ChainSeq, Late: h.Late}
}

func (e EdgeBeat) heartbeat() Heartbeat {
	return Heartbeat{TS: e.TS, InstanceID: e.InstanceID, CommitHash: e.CommitHash, UptimeSec: e.UptimeSec, ChainSeq: e.ChainSeq, Late: e.Late}
}
