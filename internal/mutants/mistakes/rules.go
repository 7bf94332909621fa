package mistakes

func ofRules() []Mutant {
	return []Mutant{
		{
			Name: "rules: as many missed as are allowed are too many", File: "longrun/rules/missedheartbeats.go",
			Old: "case m.count <= threshold:",
			New: "case m.count < threshold:",
			Pkg: "./longrun/rules", Tests: "MissedHeartbeats",
		},
		{
			Name: "rules: one beat ends missed heartbeats", File: "longrun/rules/missedheartbeats.go",
			Old: "filledInARow = 3",
			New: "filledInARow = 1",
			Pkg: "./longrun/rules", Tests: "MissedHeartbeats|Oracle|Month",
		},
		{
			Name: "rules: what was told of is counted again", File: "longrun/rules/missedheartbeats.go",
			Old: "least = max(least, longrun.SlotCeil(*lastEnd, r.interval))",
			New: "_ = lastEnd",
			Pkg: "./longrun/rules", Tests: "MissedHeartbeats|SecondOne|Oracle",
		},
		{
			Name: "rules: a gap that reaches back over the hour is cut there", File: "longrun/rules/missedheartbeats.go",
			Old: `m.count += int64(hour - start)
		m.first = start`,
			New: "_ = start\n\t\tm.first = hour",
			Pkg: "./longrun/rules", Tests: "MissedHeartbeats|Silence",
		},
		{
			Name: "rules: a probe that could not tell breaks a row of failures", File: "longrun/rules/probefails.go",
			Old: `if p.Result == longrun.Pass {
			break
		}`,
			New: `if p.Result != longrun.Fail {
			break
		}`,
			Pkg: "./longrun/rules", Tests: "Probe",
		},
		{
			Name: "rules: one failure fires where two are asked", File: "longrun/rules/probefails.go",
			Old: "if fails >= max(threshold, 1) {",
			New: "if fails >= 1 {",
			Pkg: "./longrun/rules", Tests: "Probe",
		},
		{
			Name: "rules: what fires is opened again at each look", File: "longrun/rules/state.go",
			Old: `if s.Phase == Firing && s.Since != nil {
		if s.OKStreak`,
			New: `if false {
		if s.OKStreak`,
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: an incident fires before its time", File: "longrun/rules/state.go",
			Old: "if s.BadStreak < need || now.Sub(*s.Since) < f.For {",
			New: "if s.BadStreak < need {",
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: one good look ends what trembles", File: "longrun/rules/state.go",
			Old: `if s.OKStreak < need {
		return s, Unchanged
	}`,
			New: "",
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: an incident begins before the last one ended", File: "longrun/rules/state.go",
			Old: `began = *s.LastEnd
	}`,
			New: `_ = began
	}`,
			Pkg: "./longrun/rules", Tests: "State|Incident|Clock",
		},
		{
			Name: "rules: the end of what was told is not told", File: "longrun/rules/tell.go",
			Old: `if s.Notified {
			kind = longrun.NoticeResolved
		}`,
			New: "_ = kind",
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: the end of what nobody was told of is told", File: "longrun/rules/tell.go",
			Old: `if s.Notified {
			kind = longrun.NoticeResolved
		}`,
			New: "kind = longrun.NoticeResolved",
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: what flaps is told each time", File: "longrun/rules/tell.go",
			Old: "return s.owes(unit, now) <= float64(atOnce-1-left)+hair",
			New: "return true || s.owes(unit, now) <= float64(atOnce-1-left)+hair",
			Pkg: "./longrun/rules", Tests: "Flap|Rhythm|Throttle|Nonsense",
		},
		{
			Name: "rules: what is muted is told", File: "longrun/rules/tell.go",
			Old: "case s.Phase != Firing || muted:",
			New: "case s.Phase != Firing:",
			Pkg: "./longrun/rules", Tests: ".",
		},
		{
			Name: "rules: an outage fires at once", File: "longrun/rules/storeunreachable.go",
			Old: "if away >= after {",
			New: "if away >= 0 {",
			Pkg: "./longrun/rules", Tests: "Store",
		},
		{
			Name: "rules: slots that are forgotten stay filled", File: "longrun/rules/recent.go",
			Old: "*r.word(k) = 0",
			New: "_ = r.word(k)",
			Pkg: "./longrun/rules", Tests: "Recent|MissedHeartbeats|Oracle",
		},
		{
			Name: "rules: a beat far ahead fills a slot of long ago", File: "longrun/rules/recent.go",
			Old: `case s > r.last():
		return`,
			New: `case s > r.last()+1<<40:
		return`,
			Pkg: "./longrun/rules", Tests: "FarAhead|AheadOf",
		},
	}
}
