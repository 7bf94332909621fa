package mistakes

func ofLock() []Mutant {
	return []Mutant{
		{
			Name: "lock: a held row is taken before its lease is over", File: "lock/campaign.go",
			Old: "case remaining <= 0 && c.courtesy(now) <= 0:",
			New: "case c.courtesy(now) <= 0:",
			Pkg: "./lock", Tests: "Scenario17|Scenario16|Model|Simulation",
		},
		{
			Name: "lock: a grant keeps the epoch of the one before", File: "lock/campaign.go",
			Old: "epoch := max(row.Epoch, c.known().Epoch) + 1",
			New: "epoch := max(row.Epoch, c.known().Epoch, 1)",
			Pkg: "./lock", Tests: "Scenario|Histories",
		},
		{
			Name: "lock: a deleted row lets epochs begin again", File: "lock/campaign.go",
			Old: "epoch := max(row.Epoch, c.known().Epoch) + 1",
			New: "epoch := row.Epoch + 1",
			Pkg: "./lock", Tests: "Scenario22",
		},
		{
			Name: "lock: a take-over asks for no version", File: "lock/campaign.go",
			Old: "op = store.Update(c.key, next.row, rec.Version)",
			New: `op = store.Update(c.key, next.row, "")`,
			Pkg: "./lock", Tests: "Scenario1[56]|Histories|Simulation",
		},
		{
			Name: "lock: a first grant writes over whatever is there", File: "lock/campaign.go",
			Old: "op := store.Create(c.key, next.row)",
			New: "op := store.Set(c.key, next.row)",
			Pkg: "./lock", Tests: "Scenario15|Histories|Simulation",
		},
		{
			Name: "lock: two goroutines of one lock ask at once", File: "lock/campaign.go",
			Old: `case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rec, row`,
			New: `case <-make(chan struct{}):
	default:
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rec, row`,
			Pkg: "./lock", Tests: "TwoGoroutines",
		},
		{
			Name: "lock: the lease of whoever waits counts, and not the holder's", File: "lock/campaign.go",
			Old: `lease := row.Lease()
	if row.Foreign() {`,
			New: `lease := c.opts.Lease
	if row.Foreign() {`,
			Pkg: "./lock", Tests: "Scenario31",
		},
		{
			Name: "lock: a row that was seen to stand still is not counted", File: "lock/campaign.go",
			Old: "left = min(left, lease-now.Sub(c.still))",
			New: "left = min(left, lease)",
			Pkg: "./lock", Tests: "Scenario25",
		},
		{
			Name: "lock: after an outage nobody waits for who had it", File: "lock/campaign.go",
			Old: "left := c.polite.Sub(now)",
			New: "left := c.polite.Sub(now) * 0",
			Pkg: "./lock", Tests: "AfterAnOutage",
		},
		{
			Name: "lock: a call has no time of its own", File: "lock/campaign.go",
			Old: `call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	known := c.known()`,
			New: `call, cancel := deadline.With(ctx, c.opts.Clock, 1000*c.opts.Timeout)
	defer cancel()
	known := c.known()`,
			Pkg: "./lock", Tests: "ACallThatHangs|Scenario10",
		},
		{
			Name: "lock: a grant whose reply was lost is not found again", File: "lock/claim.go",
			Old: `i := slices.IndexFunc(c.claims, func(g claim) bool { return g.row.Owner == row.Owner })
	if i < 0 {`,
			New: `i := slices.IndexFunc(c.claims, func(g claim) bool { return g.row.Owner == row.Owner })
	if i >= 0 || i < 0 {`,
			Pkg: "./lock", Tests: "Scenario06|SameLock",
		},
		{
			Name: "lock: a grant that was found too late is trusted", File: "lock/claim.go",
			Old: `if lease.left(c.opts.Clock.Now()) <= 0 {
		return nil`,
			New: `if lease.left(c.opts.Clock.Now()) <= -1000*c.opts.Lease {
		return nil`,
			Pkg: "./lock", Tests: "Scenario06",
		},
		{
			Name: "lock: trust lasts for the whole lease, without the margin", File: "lock/trust.go",
			Old: "return l.lock.opts.trust() - elapsed(l.since, now)",
			New: "return l.lock.opts.Lease - elapsed(l.since, now)",
			Pkg: "./lock", Tests: "Scenario12|Scenario01|Scenario28",
		},
		{
			Name: "lock: a sleep of the machine does not count", File: "lock/trust.go",
			Old: "return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))",
			New: "return to.Sub(from)",
			Pkg: "./lock", Tests: "Scenario28",
		},
		{
			Name: "lock: a wall clock that is set back lengthens trust", File: "lock/trust.go",
			Old: "return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))",
			New: "return to.Round(0).Sub(from.Round(0))",
			Pkg: "./lock", Tests: "Scenario25AWall",
		},
		{
			Name: "lock: nothing ends the lease when trust does", File: "lock/trust.go",
			Old: "l.alarm = l.lock.opts.Clock.AfterFunc(min(left, l.lock.opts.Margin), l.guard)",
			New: "l.alarm = nil",
			Pkg: "./lock", Tests: "Scenario10|Scenario12|Scenario28",
		},
		{
			Name: "lock: the lease's end is looked at once and not again", File: "lock/trust.go",
			Old: "min(left, l.lock.opts.Margin)",
			New: "left",
			Pkg: "./lock", Tests: "Scenario28",
		},
		{
			Name: "lock: the end of the lease is known by the timer alone", File: "lock/lease.go",
			Old: "if l.life.Err() == nil && l.left(l.lock.opts.Clock.Now()) <= 0 {",
			New: "if false {",
			Pkg: "./lock", Tests: "Scenario01|Scenario28",
		},
		{
			Name: "lock: a release leaves the owner in the row", File: "lock/row.go",
			Old: `r.Owner, r.Proof, r.LeaseUntil = "", "", now`,
			New: "r.LeaseUntil = now",
			Pkg: "./lock", Tests: "Scenario18|Scenario19",
		},
		{
			Name: "lock: a release does not end the work first", File: "lock/lease.go",
			Old: `l.finish(ErrReleased)
	if l.vouched != nil {`,
			New: "if l.vouched != nil {",
			Pkg: "./lock", Tests: "Scenario11|ReleaseDoesNot",
		},
		{
			Name: "lock: a release forgets the note", File: "lock/row.go",
			Old: "r = r.renewed(seq, now, r.Note)",
			New: `r = r.renewed(seq, now, "")`,
			Pkg: "./lock", Tests: "ANoteIsHandedOn|Histories",
		},
		{
			Name: "lock: a grant forgets the note", File: "lock/row.go",
			Old: "return next.renewed(r.Seq+1, now, r.Note)",
			New: `return next.renewed(r.Seq+1, now, "")`,
			Pkg: "./lock", Tests: "ANoteIsHandedOn",
		},
		{
			Name: "lock: a row with an epoch that no grant has is taken for a lock", File: "lock/row.go",
			Old: "case r.Epoch < 0 || r.Epoch == math.MaxInt64:",
			New: "case r.Epoch == math.MinInt64:",
			Pkg: "./lock", Tests: "ARowThatIsNoRow",
		},
		{
			Name: "lock: the renewal in the background does not come", File: "lock/run.go",
			Old: "if wait := l.due(); wait > 0 {",
			New: "if wait := l.due() + l.lock.opts.Lease; wait > 0 {",
			Pkg: "./lock", Tests: "Run|Scenario34",
		},
		{
			Name: "lock: the lease is given back while the work still runs", File: "lock/run.go",
			Old: "err = fn(work, lease)",
			New: `early, give := context.WithCancel(context.WithoutCancel(ctx))
	give()
	_ = lease.Release(early)
	err = fn(work, lease)`,
			Pkg: "./lock", Tests: "Scenario34|Run",
		},
	}
}
