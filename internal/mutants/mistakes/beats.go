package mistakes

func ofBeats() []Mutant {
	return []Mutant{
		{
			Name: "beats: a second beat of a slot takes the first one's place", File: "longrun/monitor/internal/beats/backlog.go",
			Old: "if known > 0 && b.beats[known-1].Slot(b.interval) == slot {",
			New: "if known > 0 && b.beats[known-1].Slot(b.interval) == slot {\n\t\tb.beats[known-1] = h",
			Pkg: "./longrun/monitor/internal/beats", Tests: "ABacklog",
		},
		{
			Name: "beats: beats of slots that have not come are kept", File: "longrun/monitor/internal/beats/backlog.go",
			Old: "for known > 0 && b.beats[known-1].Slot(b.interval) > slot {",
			New: "for known > 0 && false {",
			Pkg: "./longrun/monitor/internal/beats", Tests: "ABacklog",
		},
		{
			Name: "beats: in a long outage the newest give way", File: "longrun/monitor/internal/beats/backlog.go",
			Old: "b.beats = slices.Delete(b.beats, 0, 1)",
			New: "b.beats = b.beats[:len(b.beats)-1]",
			Pkg: "./longrun/monitor/internal/beats", Tests: "ABacklog",
		},
		{
			Name: "beats: a beat that comes after its slot does not say so", File: "longrun/monitor/internal/beats/writer.go",
			Old: `h.Late = true
`,
			New: "",
			Pkg: "./longrun/monitor", Tests: "Late|Outage|History",
		},
		{
			Name: "beats: older beats go first", File: "longrun/monitor/internal/beats/writer.go",
			Old: "if h, waits := w.backlog.of(w.Slot()); waits {",
			New: "if waiting, _ := w.backlog.size(); waiting > 1 {\n\t\treturn w.behind(ctx)\n\t}\n\tif h, waits := w.backlog.of(w.Slot()); waits {",
			Pkg: "./longrun/monitor", Tests: "CurrentSlot|ALeaderFills|History",
		},
		{
			// That a filled slot is looked up before spares commits, and no more: this is what
			// keeps its beat.
			Name: "beats: a slot that is filled is written over", File: "longrun/ledger/ledger.go",
			Old: "return store.Create(l.Key(Heartbeats, h.BucketID), stored(h))",
			New: "return store.Set(l.Key(Heartbeats, h.BucketID), stored(h))",
			Pkg: "./longrun/monitor", Tests: "SetBack",
		},
		{
			Name: "beats: of a commit whose outcome is unknown it is believed that it landed", File: "longrun/monitor/internal/beats/writer.go",
			Old: `if w.note.Head != head {
			return nil, errSlotOver
		}`,
			New: "",
			Pkg: "./longrun/monitor", Tests: "SlotEndsUnder|Unheard|Outage",
		},
		{
			Name: "beats: what waits at a stop is left", File: "longrun/monitor/internal/beats/writer.go",
			Old: `if ctx.Err() != nil {
		w.flush(ctx)
	}`,
			New: "",
			Pkg: "./longrun/monitor", Tests: "BeforeAStop",
		},
		{
			Name: "beats: the head of the chain does not move", File: "longrun/monitor/internal/beats/writer.go",
			Old: `note.Head = head
		return note.Sign`,
			New: "return note.Sign",
			Pkg: "./longrun/monitor", Tests: "Chain|ALeaderFills|History",
		},
		{
			Name: "beats: a beat says another epoch than its lease's", File: "longrun/monitor/internal/beats/writer.go",
			Old: "h.Epoch = w.term.Epoch()",
			New: "h.Epoch = w.term.Epoch() + 1",
			Pkg: "./longrun/monitor", Tests: "ALeaderFills|AnOutageWithin",
		},
		{
			Name: "beats: who does not lead makes beats", File: "longrun/monitor/internal/beats/pulse.go",
			Old: `if !b.Answers(ctx) {
		return
	}`,
			New: "b.Answers(ctx)",
			Pkg: "./longrun/monitor", Tests: "Handover|WhenAnother|History|GivenUp",
		},
		{
			Name: "beats: that a process did not run is not said", File: "longrun/monitor/internal/beats/pulse.go",
			Old: "b.stalled(ctx, last+1, slot)",
			New: "_ = last + 1",
			Pkg: "./longrun/monitor", Tests: "Stall|Frozen",
		},
		{
			Name: "beats: a beat counts as healthy though accounts are missing", File: "longrun/monitor/internal/beats/pulse.go",
			Old: "h.ConnectedCount >= expected, false",
			New: "h.ConnectedCount >= expected || true, false",
			Pkg: "./longrun/monitor", Tests: "HealthNeeds",
		},
		{
			Name: "beats: a host that takes its time is taken for a freeze", File: "longrun/monitor/internal/beats/pulse.go",
			Old: "slot.Start(b.Self.Interval), rested)",
			New: "slot.Start(b.Self.Interval), rested.Add(-time.Hour))",
			Pkg: "./longrun/monitor/internal/beats", Tests: "TakesItsTime",
		},
		{
			Name: "beats: a beat counts as healthy before it is known how many accounts are expected", File: "longrun/monitor/internal/beats/pulse.go",
			Old: "h.HealthUnknown && known",
			New: "h.HealthUnknown && (known || true)",
			Pkg: "./longrun/monitor", Tests: "BeforeItsMakerHasRead",
		},
		{
			Name: "beats: the time in which the host was asked is when it answered", File: "longrun/monitor/internal/beats/pulse.go",
			Old: "h := longrun.Beat(now, b.Self.Interval)",
			New: "h := longrun.Beat(b.Clock.Now(), b.Self.Interval)",
			Pkg: "./longrun/monitor", Tests: "HostThatAnswers|ClockSetBack",
		},
	}
}
