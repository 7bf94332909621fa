package main

func ofLeading() []mutant {
	return []mutant{
		{
			name: "leading: background commits are made twice a second", file: "longrun/monitor/internal/leading/term.go",
			old: "rest := min(p.last.Add(Pace).Sub(p.clock.Now()), Pace)",
			new: "rest := min(p.last.Add(Pace/2).Sub(p.clock.Now()), Pace)",
			pkg: "./longrun/monitor/internal/leading", tests: "TakeTurns",
		},
		{
			name: "leading: who gives up waiting takes a turn", file: "longrun/monitor/internal/leading/term.go",
			old: `if !deadline.Sleep(ctx, p.clock, rest) {
		return context.Cause(ctx)
	}
	p.last = p.clock.Now()`,
			new: `p.last = p.clock.Now().Add(rest)
	if !deadline.Sleep(ctx, p.clock, rest) {
		return context.Cause(ctx)
	}`,
			pkg: "./longrun/monitor/internal/leading", tests: "TheWait",
		},
		{
			name: "leading: a clock that was set back stops background commits", file: "longrun/monitor/internal/leading/term.go",
			old: "rest := min(p.last.Add(Pace).Sub(p.clock.Now()), Pace)",
			new: "rest := p.last.Add(Pace).Sub(p.clock.Now())",
			pkg: "./longrun/monitor/internal/leading", tests: "TakeTurns",
		},
		{
			name: "leading: two make something of one note at once", file: "longrun/monitor/internal/leading/term.go",
			old: `case t.note <- struct{}{}:
		defer func() { <-t.note }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}`,
			new: `default:
	}`,
			pkg: "./longrun/monitor/internal/leading", tests: "OfTheNote",
		},
		{
			name: "leading: a task that failed is not started again", file: "longrun/monitor/internal/leading/supervisor.go",
			old: `pause = min(2*pause, maxRestart)
	}`,
			new: `return
	}`,
			pkg: "./longrun/monitor/internal/leading", tests: "EndsEarly",
		},
		{
			name: "leading: a task that fails again and again is started as soon as the first time", file: "longrun/monitor/internal/leading/supervisor.go",
			old: "if !deadline.Sleep(ctx, s.Clock, pause) {",
			new: "if !deadline.Sleep(ctx, s.Clock, min(pause, minRestart)) {",
			pkg: "./longrun/monitor/internal/leading", tests: "EndsEarly",
		},
		{
			name: "leading: a task that panics takes the lead with it", file: "longrun/monitor/internal/leading/supervisor.go",
			old: "err := spawn.Guard(t.Name, func() error { return t.Run(ctx, lead) })",
			new: "err := t.Run(ctx, lead)",
			pkg: "./longrun/monitor/internal/leading", tests: "EndsEarly",
		},
		{
			name: "leading: a task that was well for long is ill as before", file: "longrun/monitor/internal/leading/supervisor.go",
			old: "if s.Clock.Now().Sub(began) >= maxRestart {",
			new: "if s.Clock.Now().Sub(began) >= 1000*maxRestart {",
			pkg: "./longrun/monitor/internal/leading", tests: "EndsEarly",
		},
		{
			name: "leading: beats are kept though another led meanwhile", file: "longrun/monitor/internal/leading/campaign.go",
			old: `if c.claimed.Swap(term.Epoch()) != term.Epoch()-1 {
		c.GiveUp(ctx)
	}`,
			new: "c.claimed.Store(term.Epoch())",
			pkg: "./longrun/monitor", tests: "GivenUp|History",
		},
		{
			name: "leading: who lost its lease answers for the slots for ever", file: "longrun/monitor/internal/leading/campaign.go",
			old: "if view.Leading || view.Row.Epoch <= epoch {",
			new: "if view.Leading || view.Row.Epoch >= 0 {",
			pkg: "./longrun/monitor", tests: "WhenAnotherTookOver|GivenUp|History",
		},
		{
			name: "leading: a dead leader's run is not looked for", file: "longrun/monitor/internal/leading/campaign.go",
			old: "if how == lock.Expired || how == lock.Died {",
			new: "if false {",
			pkg: "./longrun/monitor", tests: "ACrash|History",
		},
		{
			name: "leading: a clean stop is taken for a death", file: "longrun/monitor/internal/leading/campaign.go",
			old: "if how == lock.Expired || how == lock.Died {",
			new: "if true {",
			pkg: "./longrun/monitor", tests: "AfterACleanStop|ACleanHandover|OnlyOpenRuns|TestANewLeader",
		},
	}
}
