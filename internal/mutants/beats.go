package main

func ofBeats() []mutant {
	return []mutant{
		{
			name: "beats: a second beat of a slot takes the first one's place", file: "longrun/monitor/internal/beats/backlog.go",
			old: "if known > 0 && b.beats[known-1].Slot(b.interval) == slot {",
			new: "if known > 0 && b.beats[known-1].Slot(b.interval) == slot {\n\t\tb.beats[known-1] = h",
			pkg: "./longrun/monitor/internal/beats", tests: "ABacklog",
		},
		{
			name: "beats: beats of slots that have not come are kept", file: "longrun/monitor/internal/beats/backlog.go",
			old: "for known > 0 && b.beats[known-1].Slot(b.interval) > slot {",
			new: "for known > 0 && false {",
			pkg: "./longrun/monitor/internal/beats", tests: "ABacklog",
		},
		{
			name: "beats: in a long outage the newest give way", file: "longrun/monitor/internal/beats/backlog.go",
			old: "b.beats = slices.Delete(b.beats, 0, 1)",
			new: "b.beats = b.beats[:len(b.beats)-1]",
			pkg: "./longrun/monitor/internal/beats", tests: "ABacklog",
		},
		{
			name: "beats: a beat that comes after its slot does not say so", file: "longrun/monitor/internal/beats/writer.go",
			old: `h.Late = true
`,
			new: "",
			pkg: "./longrun/monitor", tests: "Late|Outage|History",
		},
		{
			name: "beats: older beats go first", file: "longrun/monitor/internal/beats/writer.go",
			old: "if newest.Slot(w.Self.Interval) == w.Slot() {",
			new: "if waiting, _ := w.backlog.size(); waiting == 1 && newest.Slot(w.Self.Interval) == w.Slot() {",
			pkg: "./longrun/monitor", tests: "CurrentSlot|ALeaderFills|History",
		},
		{
			// That a filled slot is looked up before spares commits, and no more: this is what
			// keeps its beat.
			name: "beats: a slot that is filled is written over", file: "longrun/ledger/ledger.go",
			old: "return store.Create(l.Key(Heartbeats, h.BucketID), h)",
			new: "return store.Set(l.Key(Heartbeats, h.BucketID), h)",
			pkg: "./longrun/monitor", tests: "SetBack",
		},
		{
			name: "beats: of a commit whose outcome is unknown it is believed that it landed", file: "longrun/monitor/internal/beats/writer.go",
			old: `if w.note.Head != head {
			return nil, errSlotOver
		}`,
			new: "",
			pkg: "./longrun/monitor", tests: "SlotEndsUnder|Unheard|Outage",
		},
		{
			name: "beats: what waits at a stop is left", file: "longrun/monitor/internal/beats/writer.go",
			old: `if ctx.Err() != nil {
		w.flush(ctx)
	}`,
			new: "",
			pkg: "./longrun/monitor", tests: "BeforeAStop",
		},
		{
			name: "beats: the head of the chain does not move", file: "longrun/monitor/internal/beats/writer.go",
			old: `note.Head = head
		return note.Sign`,
			new: "return note.Sign",
			pkg: "./longrun/monitor", tests: "Chain|ALeaderFills|History",
		},
		{
			name: "beats: a beat says another epoch than its lease's", file: "longrun/monitor/internal/beats/writer.go",
			old: "h.Epoch = w.term.Epoch()",
			new: "h.Epoch = w.term.Epoch() + 1",
			pkg: "./longrun/monitor", tests: "ALeaderFills|AnOutageWithin",
		},
		{
			name: "beats: who does not lead makes beats", file: "longrun/monitor/internal/beats/pulse.go",
			old: `if !b.Answers(ctx) {
		return
	}`,
			new: "b.Answers(ctx)",
			pkg: "./longrun/monitor", tests: "Handover|WhenAnother|History|GivenUp",
		},
		{
			name: "beats: that a process did not run is not said", file: "longrun/monitor/internal/beats/pulse.go",
			old: "b.stalled(ctx, last+1, slot)",
			new: "_ = last + 1",
			pkg: "./longrun/monitor", tests: "Stall|Frozen",
		},
		{
			name: "beats: a beat counts as healthy though accounts are missing", file: "longrun/monitor/internal/beats/pulse.go",
			old: "h.Healthy = status.Healthy && status.Connected >= b.Settings().ExpectedAccounts",
			new: "h.Healthy = status.Healthy",
			pkg: "./longrun/monitor", tests: "HealthNeeds",
		},
		{
			name: "beats: the time in which the host was asked is when it answered", file: "longrun/monitor/internal/beats/pulse.go",
			old: "h := longrun.Beat(now, b.Self.Interval)",
			new: "h := longrun.Beat(b.Clock.Now(), b.Self.Interval)",
			pkg: "./longrun/monitor", tests: "HostThatAnswers|ClockSetBack",
		},
	}
}
