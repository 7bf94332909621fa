package main

func ofCoverage() []mutant {
	return []mutant{
		{
			name: "coverage: a slot beside a word's end is lost", file: "longrun/coverage/bitmap.go",
			old: "w |= b.word(k+1) << (64 - shift)",
			new: "w |= b.word(k) << (64 - shift)",
			pkg: "./longrun/coverage", tests: "Bitmap|Year|Rollup",
		},
		{
			name: "coverage: bits behind the last slot count", file: "longrun/coverage/bitmap.go",
			old: "*last &= 1<<tail - 1",
			new: "_ = tail",
			pkg: "./longrun/coverage", tests: "Bitmap",
		},
		{
			name: "coverage: two beats of a slot are two", file: "longrun/coverage/counter.go",
			old: `if !t.seen(slot) {
			t.extra++
		}`,
			new: "t.extra++",
			pkg: "./longrun/coverage", tests: ".",
		},
		{
			name: "coverage: the slot in which now lies is missed", file: "longrun/coverage/counter.go",
			old: "t.first, t.end = w.Slots(interval, now)",
			new: "t.first, t.end = w.Slots(interval, now.Add(interval))",
			pkg: "./longrun/coverage", tests: "CountedTime|Cover|Oracle",
		},
		{
			name: "coverage: a gap at the end is left out", file: "longrun/coverage/counter.go",
			old: `if empty < t.end {
		add(empty, t.end)
	}`,
			new: "",
			pkg: "./longrun/coverage", tests: "Cover|Gap|Of",
		},
		{
			name: "coverage: a gap with a clean stop before it is a crash", file: "longrun/coverage/cause.go",
			old: "case run.End == nil || run.Ended != longrun.Stopped:",
			new: "case run.End != nil || run.Ended != longrun.Stopped:",
			pkg: "./longrun/coverage", tests: "Causes",
		},
		{
			name: "coverage: a stall is a crash", file: "longrun/coverage/cause.go",
			old: `if h.frozen(g, run) {
		return longrun.Stall
	}`,
			new: "",
			pkg: "./longrun/coverage", tests: "Causes",
		},
		{
			name: "coverage: a standby that was cut off explains another's gap", file: "longrun/coverage/cause.go",
			old: `down, own := h.down[before.instance]
	if !own {
		down = h.downAll
	}`,
			new: `var down []longrun.Lapse
	for _, l := range h.down {
		down = joined(append(down, l...))
	}`,
			pkg: "./longrun/coverage", tests: "Causes",
		},
		{
			name: "coverage: a rollup that contradicts its slots is sound", file: "longrun/coverage/check.go",
			old: "if n.says != n.have {",
			new: "if false {",
			pkg: "./longrun/coverage", tests: "Contradicts",
		},
		{
			name: "coverage: a revision may lose slots", file: "longrun/coverage/check.go",
			old: "if n := lost.Count(); n > 0 {",
			new: "if n := lost.Count(); n > 1<<30 {",
			pkg: "./longrun/coverage", tests: "Revis|Rollup",
		},
	}
}
