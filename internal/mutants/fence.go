package main

func ofFence() []mutant {
	return []mutant{
		{
			name: "fence: a commit asks for no version of the row", file: "lock/commit.go",
			old: "append([]store.Op{store.Update(l.lock.key, row, l.version)}, ops...)",
			new: `append([]store.Op{store.Update(l.lock.key, row, "")}, ops...)`,
			pkg: "./lock", tests: "Scenario0[23]|Histories",
		},
		{
			name: "fence: the operations go without the row", file: "lock/commit.go",
			old: "version, err := l.lock.put(ctx, append([]store.Op{store.Update(l.lock.key, row, l.version)}, ops...)...)",
			new: `version, err := l.lock.put(ctx, store.Update(l.lock.key, row, l.version))
	if err == nil && len(ops) > 0 {
		_, err = l.lock.put(ctx, ops...)
	}`,
			pkg: "./lock", tests: "Scenario|Histories",
		},
		{
			name: "fence: a lost reply is taken for a loss", file: "lock/commit.go",
			old: `case err != nil:
		return unread`,
			new: `case err != nil:
		return l.lose("unread", Row{}, err)`,
			pkg: "./lock", tests: "Scenario05|Scenario09",
		},
		{
			name: "fence: another's row is not recognised", file: "lock/commit.go",
			old: "case row.token(l.token.Name) != l.token:",
			new: "case row.Epoch < 0:",
			pkg: "./lock", tests: "Scenario0|Scenario3|Histories",
		},
		{
			// Not in lock/commit.go: a holder that asks of the row its epoch alone is saved by
			// this, before it asks.
			name: "fence: two owners of one epoch are taken for one", file: "lock/view.go",
			old: "case row.Epoch == known.Epoch && row.Owner != \"\" && known.Owner != \"\" && row.Owner != known.Owner:",
			new: "case row.Epoch == known.Epoch && row.Owner != \"\" && known.Owner == \"nobody's\":",
			pkg: "./lock", tests: "Scenario23",
		},
		{
			name: "fence: trust counts from the reply", file: "lock/commit.go",
			old: "l.renewed(a.start, row.Note)",
			new: "l.renewed(l.lock.opts.Clock.Now(), row.Note)",
			pkg: "./lock", tests: "Scenario08",
		},
		{
			name: "fence: a reply that comes after the end brings trust back", file: "lock/commit.go",
			old: `if l.Err() != nil {
		return over`,
			new: `if false {
		return over`,
			pkg: "./lock", tests: "Scenario08|Scenario28",
		},
		{
			name: "fence: an unknown outcome is forgotten", file: "lock/commit.go",
			old: "c.lease.open = true",
			new: "c.lease.open = false",
			pkg: "./lock", tests: "Unknown|Unsettled|Histories",
		},
		{
			name: "fence: a note that moved is written over", file: "lock/commit.go",
			old: "if note != nil && l.noteMoved() {",
			new: "if false {",
			pkg: "./lock", tests: "Note",
		},
		{
			name: "fence: commits of one lease do not take turns", file: "lock/commit.go",
			old: `case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.life.Done():
		return l.Err()
	}`,
			new: `default:
	}`,
			pkg: "./lock", tests: "TakeTurns|Histories",
		},
		{
			name: "fence: operations that a store refuses cost the lease its renewal", file: "lock/commit.go",
			old: `fault, final = maxStuck, true
			continue // the sooner`,
			new: `return c.why
			continue // the sooner`,
			pkg: "./lock", tests: "Scenario33|Refus",
		},
		{
			name: "fence: each attempt has the number of the one before", file: "lock/commit.go",
			old: `l.seq++
	row := l.row.renewed(l.seq, a.start.UTC(), note)`,
			new: "row := l.row.renewed(l.seq, a.start.UTC(), note)",
			pkg: "./lock", tests: ".",
		},
	}
}
