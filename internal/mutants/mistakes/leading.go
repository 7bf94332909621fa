package mistakes

func ofLeading() []Mutant {
	return []Mutant{
		{
			Name: "leading: background commits are made twice a second", File: "longrun/monitor/internal/leading/term.go",
			Old: "rest := min(p.last.Add(Pace).Sub(p.clock.Now()), Pace)",
			New: "rest := min(p.last.Add(Pace/2).Sub(p.clock.Now()), Pace)",
			Pkg: "./longrun/monitor/internal/leading", Tests: "TakeTurns",
		},
		{
			Name: "leading: who gives up waiting takes a turn", File: "longrun/monitor/internal/leading/term.go",
			Old: `if !deadline.Sleep(ctx, p.clock, rest) {
		return context.Cause(ctx)
	}
	p.last = p.clock.Now()`,
			New: `p.last = p.clock.Now().Add(rest)
	if !deadline.Sleep(ctx, p.clock, rest) {
		return context.Cause(ctx)
	}`,
			Pkg: "./longrun/monitor/internal/leading", Tests: "TheWait",
		},
		{
			Name: "leading: a clock that was set back stops background commits", File: "longrun/monitor/internal/leading/term.go",
			Old: "rest := min(p.last.Add(Pace).Sub(p.clock.Now()), Pace)",
			New: "rest := p.last.Add(Pace).Sub(p.clock.Now())",
			Pkg: "./longrun/monitor/internal/leading", Tests: "TakeTurns",
		},
		{
			Name: "leading: two make something of one note at once", File: "longrun/monitor/internal/leading/term.go",
			Old: `case t.note <- struct{}{}:
		defer func() { <-t.note }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}`,
			New: `default:
	}`,
			Pkg: "./longrun/monitor/internal/leading", Tests: "OfTheNote",
		},
		{
			Name: "leading: a task that failed is not started again", File: "longrun/monitor/internal/leading/supervisor.go",
			Old: `pause = min(2*pause, maxRestart)
	}`,
			New: `return
	}`,
			Pkg: "./longrun/monitor/internal/leading", Tests: "EndsEarly",
		},
		{
			Name: "leading: a task that fails again and again is started as soon as the first time", File: "longrun/monitor/internal/leading/supervisor.go",
			Old: "if !deadline.Sleep(ctx, s.Clock, pause) {",
			New: "if !deadline.Sleep(ctx, s.Clock, min(pause, minRestart)) {",
			Pkg: "./longrun/monitor/internal/leading", Tests: "EndsEarly",
		},
		{
			Name: "leading: a task that panics takes the lead with it", File: "longrun/monitor/internal/leading/supervisor.go",
			Old: "err := spawn.Guard(t.Name, func() error { return t.Run(ctx, lead) })",
			New: "err := t.Run(ctx, lead)",
			Pkg: "./longrun/monitor/internal/leading", Tests: "EndsEarly",
		},
		{
			Name: "leading: a task that was well for long is ill as before", File: "longrun/monitor/internal/leading/supervisor.go",
			Old: "if s.Clock.Now().Sub(began) >= maxRestart {",
			New: "if s.Clock.Now().Sub(began) >= 1000*maxRestart {",
			Pkg: "./longrun/monitor/internal/leading", Tests: "EndsEarly",
		},
		{
			Name: "leading: beats are kept though another led meanwhile", File: "longrun/monitor/internal/leading/campaign.go",
			Old: `claimed != before {
		c.GiveUp(ctx)`,
			New: "claimed != before {",
			Pkg: "./longrun/monitor", Tests: "GivenUp|History",
		},
		{
			Name: "leading: who lost its lease answers for the slots for ever", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "if view.Leading || view.Worked <= epoch {",
			New: "if view.Leading || view.Worked >= 0 {",
			Pkg: "./longrun/monitor", Tests: "WhenAnotherTookOver|GivenUp|History",
		},
		{
			Name: "leading: grants whose replies were lost are another's", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "if view.Leading || view.Worked <= epoch {",
			New: "if view.Leading || view.Row.Epoch <= epoch {",
			Pkg: "./longrun/monitor/internal/leading", Tests: "RepliesWereLost",
		},
		{
			Name: "leading: the dead are looked for only in the term that replaced them", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "c.Expired(run, prev)",
			New: "_ = run; c.Expired(beside, prev)",
			Pkg: "./longrun/monitor/internal/leading", Tests: "OutlastsItsTerm",
		},
		{
			Name: "leading: who was replaced does not look whether it was called lost", File: "longrun/monitor/internal/runs/run.go",
			Old: "r.dirty, r.doubt = true, firstDoubt",
			New: "r.dirty = true",
			Pkg: "./longrun/monitor/internal/runs", Tests: "WasReplaced",
		},
		{
			Name: "leading: who has led again is called lost", File: "longrun/monitor/internal/runs/lost.go",
			Old: "> r.Self.Lease {",
			New: "> 1000*r.Self.Lease {",
			Pkg: "./longrun/monitor/internal/runs", Tests: "LedAgain",
		},
		{
			Name: "leading: a mangled row is an outage", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "ok && !mangled &&",
			New: "ok && (!mangled || true) &&",
			Pkg: "./longrun/monitor/internal/leading", Tests: "MangledRow",
		},
		{
			Name: "leading: a death that nobody was told of is forgotten", File: "longrun/monitor/internal/causes/deaths.go",
			Old: "began.Sub(k.since) > diedWithin",
			New: "began.Sub(k.Last) > diedWithin",
			Pkg: "./longrun/monitor/internal/causes", Tests: "Told",
		},
		{
			Name: "beats: one that was given up still fills its slot", File: "longrun/monitor/internal/alarming/judge.go",
			Old: "w.recent.Empty(s)",
			New: "_ = s",
			Pkg: "./longrun/monitor", Tests: "AreGivenUpAreMissed",
		},
		{
			Name: "leading: a dead leader's run is not looked for", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "if how == lock.Expired || how == lock.Died {",
			New: "if false {",
			Pkg: "./longrun/monitor", Tests: "ACrash|History",
		},
		{
			Name: "leading: a clean stop is taken for a death", File: "longrun/monitor/internal/leading/campaign.go",
			Old: "if how == lock.Expired || how == lock.Died {",
			New: "if true {",
			Pkg: "./longrun/monitor", Tests: "AfterACleanStop|ACleanHandover|OnlyOpenRuns|TestANewLeader",
		},
	}
}
