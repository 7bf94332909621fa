package mistakes

func ofFence() []Mutant {
	return []Mutant{
		{
			Name: "fence: a commit asks for no version of the row", File: "lock/commit.go",
			Old: "append([]store.Op{store.Update(l.lock.key, row, l.version)}, ops...)",
			New: `append([]store.Op{store.Update(l.lock.key, row, "")}, ops...)`,
			Pkg: "./lock", Tests: "Scenario0[23]|Histories",
		},
		{
			Name: "fence: the operations go without the row", File: "lock/commit.go",
			Old: "version, err := l.lock.put(ctx, append([]store.Op{store.Update(l.lock.key, row, l.version)}, ops...)...)",
			New: `version, err := l.lock.put(ctx, store.Update(l.lock.key, row, l.version))
	if err == nil && len(ops) > 0 {
		_, err = l.lock.put(ctx, ops...)
	}`,
			Pkg: "./lock", Tests: "Scenario|Histories",
		},
		{
			Name: "fence: a lost reply is taken for a loss", File: "lock/commit.go",
			Old: `case err != nil:
		return unread`,
			New: `case err != nil:
		return l.lose("unread", Row{}, err)`,
			Pkg: "./lock", Tests: "Scenario05|Scenario09",
		},
		{
			Name: "fence: another's row is not recognised", File: "lock/commit.go",
			Old: "case row.token(l.token.Name) != l.token:",
			New: "case row.Epoch < 0:",
			Pkg: "./lock", Tests: "Scenario0|Scenario3|Histories",
		},
		{
			// Not in lock/commit.go: a holder that asks of the row its epoch alone is saved by
			// this, before it asks.
			Name: "fence: two owners of one epoch are taken for one", File: "lock/view.go",
			Old: "case row.Epoch == known.Epoch && row.Owner != \"\" && known.Owner != \"\" && row.Owner != known.Owner:",
			New: "case row.Epoch == known.Epoch && row.Owner != \"\" && known.Owner == \"nobody's\":",
			Pkg: "./lock", Tests: "Scenario23",
		},
		{
			Name: "fence: trust counts from the reply", File: "lock/commit.go",
			Old: "l.renewed(a.start, row.Note)",
			New: "l.renewed(l.lock.opts.Clock.Now(), row.Note)",
			Pkg: "./lock", Tests: "Scenario08",
		},
		{
			Name: "fence: a reply that comes after the end brings trust back", File: "lock/commit.go",
			Old: `if l.Err() != nil {
		return over`,
			New: `if false {
		return over`,
			Pkg: "./lock", Tests: "Scenario08|Scenario28",
		},
		{
			Name: "fence: an unknown outcome is forgotten", File: "lock/commit.go",
			Old: "c.lease.open = true",
			New: "c.lease.open = false",
			Pkg: "./lock", Tests: "Unknown|Unsettled|Histories",
		},
		{
			Name: "fence: a note that moved is written over", File: "lock/commit.go",
			Old: "if note != nil && l.Note() != note.was {",
			New: "if false {",
			Pkg: "./lock", Tests: "Note",
		},
		{
			Name: "fence: commits of one lease do not take turns", File: "lock/commit.go",
			Old: `case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.life.Done():
		return l.Err()
	}`,
			New: `default:
	}`,
			Pkg: "./lock", Tests: "TakeTurns|Histories",
		},
		{
			Name: "fence: operations that a store refuses cost the lease its renewal", File: "lock/commit.go",
			Old: `fault, final = maxStuck, true
			continue // the sooner`,
			New: `return c.why
			continue // the sooner`,
			Pkg: "./lock", Tests: "Scenario33|Refus",
		},
		{
			Name: "fence: each attempt has the number of the one before", File: "lock/commit.go",
			Old: `l.seq++
	row := l.row.renewed(l.seq, a.start.UTC(), note)`,
			New: "row := l.row.renewed(l.seq, a.start.UTC(), note)",
			Pkg: "./lock", Tests: ".",
		},
	}
}
