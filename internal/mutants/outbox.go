package main

func ofOutbox() []mutant {
	return []mutant{
		{
			name: "outbox: a message is sent before its claim is written", file: "longrun/monitor/internal/outbox/send.go",
			old: `if o.Draft.Write(ctx) && o.Lead.Err() == nil {
		return true
	}`,
			new: `if o.Draft.Write(ctx); true {
		return true
	}`,
			pkg: "./longrun/monitor/internal/outbox", tests: "Claim",
		},
		{
			name: "outbox: another's claim is not waited for", file: "longrun/monitor/internal/outbox/send.go",
			old: "at = room.Latest(at, *n.ClaimedUntil)",
			new: "_ = at",
			pkg: "./longrun/monitor/internal/outbox", tests: "Claim",
		},
		{
			name: "outbox: a message that was sent is not marked", file: "longrun/monitor/internal/outbox/send.go",
			old: "o.drop(n, longrun.Sent, failed)",
			new: "_ = failed\n\t\t\to.putOff(out, now)",
			pkg: "./longrun/monitor/internal/outbox", tests: ".",
		},
		{
			name: "outbox: a message that the channel refused is dropped", file: "longrun/monitor/internal/outbox/send.go",
			old: `o.keep(n, now)
			continue`,
			new: `o.drop(n, longrun.Obsolete, n.Error)
			continue`,
			pkg: "./longrun/monitor/internal/outbox", tests: ".",
		},
		{
			name: "outbox: a channel that asked to be left alone is asked again", file: "longrun/monitor/internal/outbox/send.go",
			old: `if quiet := o.Channel.QuietFor(now); quiet > 0 {
		return quiet
	}`,
			new: "",
			pkg: "./longrun/monitor/internal/outbox", tests: "Quiet|LeftAlone|Asked|Holds",
		},
		{
			name: "outbox: a failure is followed at once by the next try", file: "longrun/monitor/internal/outbox/send.go",
			old: `n.TS, n.ClaimedBy, n.ClaimedUntil = again, "", nil`,
			new: `n.TS, n.ClaimedBy, n.ClaimedUntil = now, "", nil`,
			pkg: "./longrun/monitor", tests: "LongerPauses|TriedAgain",
		},
		{
			name: "outbox: an end overtakes its beginning", file: "longrun/monitor/internal/outbox/send.go",
			old: "slices.SortFunc(all, func(a, b placed) int { return cmp.Or(a.at.Compare(b.at), before(a.Notice, b.Notice)) })",
			new: "slices.SortFunc(all, func(a, b placed) int { return cmp.Or(b.at.Compare(a.at), before(b.Notice, a.Notice)) })",
			pkg: "./longrun/monitor/internal/outbox", tests: "Overtake|Beginning|End",
		},
		{
			name: "outbox: a stop does not mark what was under way", file: "longrun/monitor/internal/outbox/send.go",
			old: `case out := <-o.outcomes:
			o.SentOff(waiting, out)
		case <-waiting.Done():`,
			new: `case <-o.outcomes:
		case <-waiting.Done():`,
			pkg: "./longrun/monitor/internal/outbox", tests: "Leave",
		},
		{
			name: "outbox: what this process sent is sent again", file: "longrun/monitor/internal/outbox/told.go",
			old: "return c.told.ids[id]",
			new: "return c.told.ids[id] && false",
			pkg: "./longrun/monitor/internal/outbox", tests: "SentTwice|Told",
		},
		{
			name: "outbox: what was not written is forgotten", file: "longrun/monitor/internal/outbox/draft.go",
			old: `return false
	}
	for _, key := range keys {`,
			new: `}
	for _, key := range keys {`,
			pkg: "./longrun/monitor/internal/outbox", tests: ".",
		},
		{
			name: "outbox: one document that spoils a commit holds up all", file: "longrun/monitor/internal/outbox/draft.go",
			old: "if errors.Is(err, store.ErrInvalid) && len(keys) > 1 {",
			new: "if false {",
			pkg: "./longrun/monitor/internal/outbox", tests: "ADraft",
		},
		{
			name: "outbox: what is undelivered is tried all the time", file: "longrun/monitor/internal/outbox/retrial.go",
			old: `if left := r.at.Sub(now); left <= maxQuiet+time.Minute {
		return left
	}
	return 0`,
			new: "return 0",
			pkg: "./longrun/monitor/internal/outbox", tests: ".",
		},
		{
			name: "outbox: what is over is told as if it went on", file: "longrun/monitor/internal/outbox/undelivered.go",
			old: `open, _ := o.Standing(n.Rule, n.Target)
	return open == n.IncidentID`,
			new: "return true",
			pkg: "./longrun/monitor/internal/outbox", tests: ".",
		},
	}
}
