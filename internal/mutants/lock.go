package main

func ofLock() []mutant {
	return []mutant{
		{
			name: "lock: a held row is taken before its lease is over", file: "lock/campaign.go",
			old: "case remaining <= 0 && c.courtesy(now) <= 0:",
			new: "case c.courtesy(now) <= 0:",
			pkg: "./lock", tests: "Scenario17|Scenario16|Model|Simulation",
		},
		{
			name: "lock: a grant keeps the epoch of the one before", file: "lock/campaign.go",
			old: "epoch := max(row.Epoch, c.known().Epoch) + 1",
			new: "epoch := max(row.Epoch, c.known().Epoch, 1)",
			pkg: "./lock", tests: "Scenario|Histories",
		},
		{
			name: "lock: a deleted row lets epochs begin again", file: "lock/campaign.go",
			old: "epoch := max(row.Epoch, c.known().Epoch) + 1",
			new: "epoch := row.Epoch + 1",
			pkg: "./lock", tests: "Scenario22",
		},
		{
			name: "lock: a take-over asks for no version", file: "lock/campaign.go",
			old: "op = store.Update(c.key, next.row, rec.Version)",
			new: `op = store.Update(c.key, next.row, "")`,
			pkg: "./lock", tests: "Scenario1[56]|Histories|Simulation",
		},
		{
			name: "lock: a first grant writes over whatever is there", file: "lock/campaign.go",
			old: "op := store.Create(c.key, next.row)",
			new: "op := store.Set(c.key, next.row)",
			pkg: "./lock", tests: "Scenario15|Histories|Simulation",
		},
		{
			name: "lock: two goroutines of one lock ask at once", file: "lock/campaign.go",
			old: `case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rec, row`,
			new: `case <-make(chan struct{}):
	default:
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rec, row`,
			pkg: "./lock", tests: "TwoGoroutines",
		},
		{
			name: "lock: the lease of whoever waits counts, and not the holder's", file: "lock/campaign.go",
			old: `lease := row.Lease()
	if row.Foreign() {`,
			new: `lease := c.opts.Lease
	if row.Foreign() {`,
			pkg: "./lock", tests: "Scenario31",
		},
		{
			name: "lock: a row that was seen to stand still is not counted", file: "lock/campaign.go",
			old: "left = min(left, lease-now.Sub(c.still))",
			new: "left = min(left, lease)",
			pkg: "./lock", tests: "Scenario25",
		},
		{
			name: "lock: after an outage nobody waits for who had it", file: "lock/campaign.go",
			old: "left := c.polite.Sub(now)",
			new: "left := c.polite.Sub(now) * 0",
			pkg: "./lock", tests: "AfterAnOutage",
		},
		{
			name: "lock: a call has no time of its own", file: "lock/campaign.go",
			old: `call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	known := c.known()`,
			new: `call, cancel := deadline.With(ctx, c.opts.Clock, 1000*c.opts.Timeout)
	defer cancel()
	known := c.known()`,
			pkg: "./lock", tests: "ACallThatHangs|Scenario10",
		},
		{
			name: "lock: a grant whose reply was lost is not found again", file: "lock/claim.go",
			old: `i := slices.IndexFunc(c.claims, func(g claim) bool { return g.row.Owner == row.Owner })
	if i < 0 {`,
			new: `i := slices.IndexFunc(c.claims, func(g claim) bool { return g.row.Owner == row.Owner })
	if i >= 0 || i < 0 {`,
			pkg: "./lock", tests: "Scenario06|SameLock",
		},
		{
			name: "lock: a grant that was found too late is trusted", file: "lock/claim.go",
			old: `if lease.left(c.opts.Clock.Now()) <= 0 {
		return nil`,
			new: `if lease.left(c.opts.Clock.Now()) <= -1000*c.opts.Lease {
		return nil`,
			pkg: "./lock", tests: "Scenario06",
		},
		{
			name: "lock: trust lasts for the whole lease, without the margin", file: "lock/trust.go",
			old: "return l.lock.opts.trust() - elapsed(l.since, now)",
			new: "return l.lock.opts.Lease - elapsed(l.since, now)",
			pkg: "./lock", tests: "Scenario12|Scenario01|Scenario28",
		},
		{
			name: "lock: a sleep of the machine does not count", file: "lock/trust.go",
			old: "return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))",
			new: "return to.Sub(from)",
			pkg: "./lock", tests: "Scenario28",
		},
		{
			name: "lock: a wall clock that is set back lengthens trust", file: "lock/trust.go",
			old: "return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))",
			new: "return to.Round(0).Sub(from.Round(0))",
			pkg: "./lock", tests: "Scenario25AWall",
		},
		{
			name: "lock: nothing ends the lease when trust does", file: "lock/trust.go",
			old: "l.alarm = l.lock.opts.Clock.AfterFunc(min(left, l.lock.opts.Margin), l.guard)",
			new: "l.alarm = nil",
			pkg: "./lock", tests: "Scenario10|Scenario12|Scenario28",
		},
		{
			name: "lock: the lease's end is looked at once and not again", file: "lock/trust.go",
			old: "min(left, l.lock.opts.Margin)",
			new: "left",
			pkg: "./lock", tests: "Scenario28",
		},
		{
			name: "lock: the end of the lease is known by the timer alone", file: "lock/lease.go",
			old: "if l.life.Err() == nil && l.left(l.lock.opts.Clock.Now()) <= 0 {",
			new: "if false {",
			pkg: "./lock", tests: "Scenario01|Scenario28",
		},
		{
			name: "lock: a release leaves the owner in the row", file: "lock/row.go",
			old: `r.Owner, r.Proof, r.LeaseUntil = "", "", now`,
			new: "r.LeaseUntil = now",
			pkg: "./lock", tests: "Scenario18|Scenario19",
		},
		{
			name: "lock: a release does not end the work first", file: "lock/lease.go",
			old: `l.finish(ErrReleased)
	if l.vouched != nil {`,
			new: "if l.vouched != nil {",
			pkg: "./lock", tests: "Scenario11|ReleaseDoesNot",
		},
		{
			name: "lock: a release forgets the note", file: "lock/row.go",
			old: "r = r.renewed(seq, now, r.Note)",
			new: `r = r.renewed(seq, now, "")`,
			pkg: "./lock", tests: "ANoteIsHandedOn|Histories",
		},
		{
			name: "lock: a grant forgets the note", file: "lock/row.go",
			old: "return next.renewed(r.Seq+1, now, r.Note)",
			new: `return next.renewed(r.Seq+1, now, "")`,
			pkg: "./lock", tests: "ANoteIsHandedOn",
		},
		{
			name: "lock: a row with an epoch that no grant has is taken for a lock", file: "lock/row.go",
			old: "case r.Epoch < 0 || r.Epoch == math.MaxInt64:",
			new: "case r.Epoch == math.MinInt64:",
			pkg: "./lock", tests: "ARowThatIsNoRow",
		},
		{
			name: "lock: the renewal in the background does not come", file: "lock/run.go",
			old: "if wait := l.due(); wait > 0 {",
			new: "if wait := l.due() + l.lock.opts.Lease; wait > 0 {",
			pkg: "./lock", tests: "Run|Scenario34",
		},
		{
			name: "lock: the lease is given back while the work still runs", file: "lock/run.go",
			old: "err = fn(work, lease)",
			new: `early, give := context.WithCancel(context.WithoutCancel(ctx))
	give()
	_ = lease.Release(early)
	err = fn(work, lease)`,
			pkg: "./lock", tests: "Scenario34|Run",
		},
	}
}
