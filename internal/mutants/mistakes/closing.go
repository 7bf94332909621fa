package mistakes

func ofClosing() []Mutant {
	return []Mutant{
		{
			Name: "closing: a clock that jumped is believed", File: "longrun/monitor/internal/closing/certain.go",
			Old: `if _, err := c.Trusted(); err != nil {
		return err
	}
`,
			New: "",
			Pkg: "./longrun/monitor/internal/closing", Tests: "Jump|OneClock|History",
		},
		{
			Name: "closing: a jump is forgotten at the next minute", File: "longrun/monitor/internal/storehealth/time.go",
			Old: "t.jump, t.steady = step, 0",
			New: "t.jump, t.steady = step, 48*time.Hour",
			Pkg: "./longrun/monitor/internal/storehealth", Tests: "Jump",
		},
		{
			Name: "closing: the store's clock is no witness", File: "longrun/monitor/internal/storehealth/time.go",
			Old: "if t.skew.Abs() > maxSkew {",
			New: "if t.skew.Abs() > 1000000*maxSkew {",
			Pkg: "./longrun/monitor/internal/storehealth", Tests: "Witness",
		},
		{
			Name: "closing: a day is closed at midnight, before its last beats", File: "longrun/monitor/internal/closing/closing.go",
			Old: "return min(2*c.Self.Interval+c.Self.Lease, maxCloseWait)",
			New: "return 0",
			Pkg: "./longrun/monitor/internal/closing", Tests: ".",
		},
		{
			Name: "closing: late beats do not roll their day up again", File: "longrun/monitor/internal/closing/closing.go",
			Old: `c.dirty.mark(day)
		over`,
			New: "over",
			Pkg: "./longrun/monitor/internal/closing", Tests: "ComesLate|Late",
		},
		{
			Name: "closing: a day that fails holds up the others", File: "longrun/monitor/internal/closing/due.go",
			Old: `return f.Failing() >= holding
}

// refuse`,
			New: `return false
}

// refuse`,
			Pkg: "./longrun/monitor/internal/closing", Tests: "OneBadDay",
		},
		{
			Name: "closing: the end of a run is when it was found", File: "longrun/monitor/internal/runs/lost.go",
			Old: `end := before.RenewedAt.UTC()
		e.Value.End`,
			New: `end := found
		e.Value.End`,
			Pkg: "./longrun/monitor", Tests: "ACrash|OnlyOpenRuns|Lost|History",
		},
		{
			Name: "closing: this run gives itself up", File: "longrun/monitor/internal/runs/lost.go",
			Old: "if run.InstanceID != before.HolderInstanceID || r.own(run) || run.TS.After(before.RenewedAt) {",
			New: "if run.InstanceID != before.HolderInstanceID {",
			Pkg: "./longrun/monitor", Tests: "DoesNotGiveItselfUp|OnlyOpenRuns|SameSecond",
		},
	}
}
