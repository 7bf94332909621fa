package mistakes

func ofCoverage() []Mutant {
	return []Mutant{
		{
			Name: "coverage: a slot beside a word's end is lost", File: "longrun/coverage/bitmap.go",
			Old: "w |= b.word(k+1) << (64 - shift)",
			New: "w |= b.word(k) << (64 - shift)",
			Pkg: "./longrun/coverage", Tests: "Bitmap|Year|Rollup",
		},
		{
			Name: "coverage: bits behind the last slot count", File: "longrun/coverage/bitmap.go",
			Old: "*last &= 1<<tail - 1",
			New: "_ = tail",
			Pkg: "./longrun/coverage", Tests: "Bitmap",
		},
		{
			Name: "coverage: two beats of a slot are two", File: "longrun/coverage/counter.go",
			Old: `if !t.seen(slot) {
			t.extra++
		}`,
			New: "t.extra++",
			Pkg: "./longrun/coverage", Tests: ".",
		},
		{
			Name: "coverage: the slot in which now lies is missed", File: "longrun/coverage/counter.go",
			Old: "t.first, t.end = w.Slots(interval, now)",
			New: "t.first, t.end = w.Slots(interval, now.Add(interval))",
			Pkg: "./longrun/coverage", Tests: "CountedTime|Cover|Oracle",
		},
		{
			Name: "coverage: a gap at the end is left out", File: "longrun/coverage/counter.go",
			Old: `if empty < t.end {
		add(empty, t.end)
	}`,
			New: "",
			Pkg: "./longrun/coverage", Tests: "Cover|Gap|Of",
		},
		{
			Name: "coverage: who lived on is called crashed", File: "longrun/coverage/cause.go",
			Old: "case livedOn(run, g):",
			New: "case false && livedOn(run, g):",
			Pkg: "./longrun/coverage", Tests: "Causes",
		},
		{
			Name: "coverage: who wrote on after another led is called frozen", File: "longrun/coverage/cause.go",
			Old: "if before.epoch > 0 && after.epoch > before.epoch+1 {",
			New: "if before.epoch > 0 && after.epoch > before.epoch+100 {",
			Pkg: "./longrun/coverage", Tests: "Causes",
		},
		{
			Name: "coverage: a gap with a clean stop before it is a crash", File: "longrun/coverage/cause.go",
			Old: "case run.End == nil || run.Ended != longrun.Stopped:",
			New: "case run.End != nil || run.Ended != longrun.Stopped:",
			Pkg: "./longrun/coverage", Tests: "Causes",
		},
		{
			Name: "coverage: a stall is a crash", File: "longrun/coverage/cause.go",
			Old: `if h.frozen(g, run) {
		return longrun.Stall
	}`,
			New: "",
			Pkg: "./longrun/coverage", Tests: "Causes",
		},
		{
			Name: "coverage: a standby that was cut off explains another's gap", File: "longrun/coverage/cause.go",
			Old: `down, own := h.down[before.instance]
	if !own {
		down = h.downAll
	}`,
			New: `var down []longrun.Lapse
	for _, l := range h.down {
		down = joined(append(down, l...))
	}`,
			Pkg: "./longrun/coverage", Tests: "Causes",
		},
		{
			Name: "coverage: a rollup that contradicts its slots is sound", File: "longrun/coverage/check.go",
			Old: "if n.says != n.have {",
			New: "if false {",
			Pkg: "./longrun/coverage", Tests: "Contradicts",
		},
		{
			Name: "coverage: a revision may lose slots", File: "longrun/coverage/check.go",
			Old: "if n := lost.Count(); n > 0 {",
			New: "if n := lost.Count(); n > 1<<30 {",
			Pkg: "./longrun/coverage", Tests: "Revis|Rollup",
		},
	}
}
