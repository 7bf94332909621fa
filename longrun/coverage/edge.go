package coverage

import "github.com/seed-13dc028d/longwatch/longrun"

func newEdgeBeat(h *longrun.Heartbeat) longrun.EdgeBeat {
	return longrun.EdgeBeat{TS: h.TS.UTC(), InstanceID: h.InstanceID, CommitHash: h.CommitHash, UptimeSec: h.UptimeSec, ChainSeq: h.ChainSeq, Late: h.Late}
}

func heartbeatOf(e longrun.EdgeBeat) longrun.Heartbeat {
	return longrun.Heartbeat{TS: e.TS, InstanceID: e.InstanceID, CommitHash: e.CommitHash, UptimeSec: e.UptimeSec, ChainSeq: e.ChainSeq, Late: e.Late}
}
