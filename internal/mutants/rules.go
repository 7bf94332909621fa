package main

func ofRules() []mutant {
	return []mutant{
		{
			name: "rules: as many missed as are allowed are too many", file: "longrun/rules/missedheartbeats.go",
			old: "case m.count <= threshold:",
			new: "case m.count < threshold:",
			pkg: "./longrun/rules", tests: "MissedHeartbeats",
		},
		{
			name: "rules: one beat ends missed heartbeats", file: "longrun/rules/missedheartbeats.go",
			old: "filledInARow = 3",
			new: "filledInARow = 1",
			pkg: "./longrun/rules", tests: "MissedHeartbeats|Oracle|Month",
		},
		{
			name: "rules: what was told of is counted again", file: "longrun/rules/missedheartbeats.go",
			old: "least = max(least, longrun.SlotCeil(*lastEnd, r.interval))",
			new: "_ = lastEnd",
			pkg: "./longrun/rules", tests: "MissedHeartbeats|SecondOne|Oracle",
		},
		{
			name: "rules: a gap that reaches back over the hour is cut there", file: "longrun/rules/missedheartbeats.go",
			old: `m.count += int64(hour - start)
		m.first = start`,
			new: "_ = start\n\t\tm.first = hour",
			pkg: "./longrun/rules", tests: "MissedHeartbeats|Silence",
		},
		{
			name: "rules: a probe that could not tell breaks a row of failures", file: "longrun/rules/probefails.go",
			old: `if p.Result == longrun.Pass {
			break
		}`,
			new: `if p.Result != longrun.Fail {
			break
		}`,
			pkg: "./longrun/rules", tests: "Probe",
		},
		{
			name: "rules: one failure fires where two are asked", file: "longrun/rules/probefails.go",
			old: "if fails >= max(threshold, 1) {",
			new: "if fails >= 1 {",
			pkg: "./longrun/rules", tests: "Probe",
		},
		{
			name: "rules: what fires is opened again at each look", file: "longrun/rules/state.go",
			old: `if s.Phase == Firing && s.Since != nil {
		if s.OKStreak`,
			new: `if false {
		if s.OKStreak`,
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: an incident fires before its time", file: "longrun/rules/state.go",
			old: "if s.BadStreak < need || now.Sub(*s.Since) < f.For {",
			new: "if s.BadStreak < need {",
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: one good look ends what trembles", file: "longrun/rules/state.go",
			old: `if s.OKStreak < need {
		return s, Unchanged
	}`,
			new: "",
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: an incident begins before the last one ended", file: "longrun/rules/state.go",
			old: `began = *s.LastEnd
	}`,
			new: `_ = began
	}`,
			pkg: "./longrun/rules", tests: "State|Incident|Clock",
		},
		{
			name: "rules: the end of what was told is not told", file: "longrun/rules/tell.go",
			old: `if s.Notified {
			kind = longrun.NoticeResolved
		}`,
			new: "_ = kind",
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: the end of what nobody was told of is told", file: "longrun/rules/tell.go",
			old: `if s.Notified {
			kind = longrun.NoticeResolved
		}`,
			new: "kind = longrun.NoticeResolved",
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: what flaps is told each time", file: "longrun/rules/tell.go",
			old: "return s.owes(unit, now) <= float64(atOnce-1-left)+hair",
			new: "return true || s.owes(unit, now) <= float64(atOnce-1-left)+hair",
			pkg: "./longrun/rules", tests: "Flap|Rhythm|Throttle|Nonsense",
		},
		{
			name: "rules: what is muted is told", file: "longrun/rules/tell.go",
			old: "case s.Phase != Firing || muted:",
			new: "case s.Phase != Firing:",
			pkg: "./longrun/rules", tests: ".",
		},
		{
			name: "rules: an outage fires at once", file: "longrun/rules/storeunreachable.go",
			old: "if away >= after {",
			new: "if away >= 0 {",
			pkg: "./longrun/rules", tests: "Store",
		},
		{
			name: "rules: slots that are forgotten stay filled", file: "longrun/rules/recent.go",
			old: "*r.word(k) = 0",
			new: "_ = r.word(k)",
			pkg: "./longrun/rules", tests: "Recent|MissedHeartbeats|Oracle",
		},
		{
			name: "rules: a beat far ahead fills a slot of long ago", file: "longrun/rules/recent.go",
			old: `case s > r.last():
		return`,
			new: `case s > r.last()+1<<40:
		return`,
			pkg: "./longrun/rules", tests: "FarAhead|AheadOf",
		},
	}
}
