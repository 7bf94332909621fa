package main

func ofClosing() []mutant {
	return []mutant{
		{
			name: "closing: a clock that jumped is believed", file: "longrun/monitor/internal/closing/certain.go",
			old: `if _, err := c.Trusted(); err != nil {
		return err
	}
`,
			new: "",
			pkg: "./longrun/monitor/internal/closing", tests: "Jump|OneClock|History",
		},
		{
			name: "closing: a jump is forgotten at the next minute", file: "longrun/monitor/internal/storehealth/time.go",
			old: "t.jump, t.steady = step, 0",
			new: "t.jump, t.steady = step, 48*time.Hour",
			pkg: "./longrun/monitor/internal/storehealth", tests: "Jump",
		},
		{
			name: "closing: the store's clock is no witness", file: "longrun/monitor/internal/storehealth/time.go",
			old: "if t.skew.Abs() > maxSkew {",
			new: "if t.skew.Abs() > 1000000*maxSkew {",
			pkg: "./longrun/monitor/internal/storehealth", tests: "Witness",
		},
		{
			name: "closing: a day is closed at midnight, before its last beats", file: "longrun/monitor/internal/closing/closing.go",
			old: "return min(2*c.Self.Interval+c.Self.Lease, maxCloseWait)",
			new: "return 0",
			pkg: "./longrun/monitor/internal/closing", tests: ".",
		},
		{
			name: "closing: late beats do not roll their day up again", file: "longrun/monitor/internal/closing/closing.go",
			old: `c.dirty.mark(day)
		over`,
			new: "over",
			pkg: "./longrun/monitor/internal/closing", tests: "ComesLate|Late",
		},
		{
			name: "closing: a day that fails holds up the others", file: "longrun/monitor/internal/closing/due.go",
			old: `return f.Failing() >= holding
}

// refuse`,
			new: `return false
}

// refuse`,
			pkg: "./longrun/monitor/internal/closing", tests: "OneBadDay",
		},
		{
			name: "closing: the end of a run is when it was found", file: "longrun/monitor/internal/runs/lost.go",
			old: `end := before.RenewedAt.UTC()
		e.Value.End`,
			new: `end := found
		e.Value.End`,
			pkg: "./longrun/monitor", tests: "ACrash|OnlyOpenRuns|Lost|History",
		},
		{
			name: "closing: this run gives itself up", file: "longrun/monitor/internal/runs/lost.go",
			old: "if run.InstanceID != before.HolderInstanceID || r.own(run) || run.TS.After(before.RenewedAt) {",
			new: "if run.InstanceID != before.HolderInstanceID {",
			pkg: "./longrun/monitor", tests: "DoesNotGiveItselfUp|OnlyOpenRuns|SameSecond",
		},
	}
}
