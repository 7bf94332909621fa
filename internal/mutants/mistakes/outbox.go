package mistakes

func ofOutbox() []Mutant {
	return []Mutant{
		{
			Name: "outbox: a message is sent before its claim is written", File: "longrun/monitor/internal/outbox/send.go",
			Old: `if o.Draft.Write(ctx) && o.Lead.Err() == nil {
		return true
	}`,
			New: `if o.Draft.Write(ctx); true {
		return true
	}`,
			Pkg: "./longrun/monitor/internal/outbox", Tests: "Claim",
		},
		{
			Name: "outbox: another's claim is not waited for", File: "longrun/monitor/internal/outbox/send.go",
			Old: "at = room.Latest(at, *n.ClaimedUntil)",
			New: "_ = at",
			Pkg: "./longrun/monitor/internal/outbox", Tests: "Claim",
		},
		{
			Name: "outbox: a message that was sent is not marked", File: "longrun/monitor/internal/outbox/send.go",
			Old: "o.drop(n, longrun.Sent, failed)",
			New: "_ = failed\n\t\t\to.putOff(out, now)",
			Pkg: "./longrun/monitor/internal/outbox", Tests: ".",
		},
		{
			Name: "outbox: a message that the channel refused is dropped", File: "longrun/monitor/internal/outbox/send.go",
			Old: `o.keep(n, now)
			continue`,
			New: `o.drop(n, longrun.Obsolete, n.Error)
			continue`,
			Pkg: "./longrun/monitor/internal/outbox", Tests: ".",
		},
		{
			Name: "outbox: a channel that asked to be left alone is asked again", File: "longrun/monitor/internal/outbox/send.go",
			Old: `if quiet := o.Channel.QuietFor(now); quiet > 0 {
		return quiet
	}`,
			New: "",
			Pkg: "./longrun/monitor/internal/outbox", Tests: "Quiet|LeftAlone|Asked|Holds",
		},
		{
			Name: "outbox: a failure is followed at once by the next try", File: "longrun/monitor/internal/outbox/send.go",
			Old: `n.TS, n.ClaimedBy, n.ClaimedUntil = again, "", nil`,
			New: `n.TS, n.ClaimedBy, n.ClaimedUntil = now, "", nil`,
			Pkg: "./longrun/monitor", Tests: "LongerPauses|TriedAgain",
		},
		{
			Name: "outbox: an end overtakes its beginning", File: "longrun/monitor/internal/outbox/send.go",
			Old: "slices.SortFunc(all, func(a, b placed) int { return cmp.Or(a.at.Compare(b.at), before(a.Notice, b.Notice)) })",
			New: "slices.SortFunc(all, func(a, b placed) int { return cmp.Or(b.at.Compare(a.at), before(b.Notice, a.Notice)) })",
			Pkg: "./longrun/monitor/internal/outbox", Tests: "Overtake|Beginning|End",
		},
		{
			Name: "outbox: a stop does not mark what was under way", File: "longrun/monitor/internal/outbox/send.go",
			Old: `case out := <-o.outcomes:
			o.SentOff(waiting, out)
		case <-waiting.Done():`,
			New: `case <-o.outcomes:
		case <-waiting.Done():`,
			Pkg: "./longrun/monitor/internal/outbox", Tests: "Leave",
		},
		{
			Name: "outbox: what this process sent is sent again", File: "longrun/monitor/internal/outbox/told.go",
			Old: "return c.told.ids[id]",
			New: "return c.told.ids[id] && false",
			Pkg: "./longrun/monitor/internal/outbox", Tests: "SentTwice|Told",
		},
		{
			Name: "outbox: what was not written is forgotten", File: "longrun/monitor/internal/outbox/draft.go",
			Old: `return false
	}
	for _, key := range keys {`,
			New: `}
	for _, key := range keys {`,
			Pkg: "./longrun/monitor/internal/outbox", Tests: ".",
		},
		{
			Name: "outbox: one document that spoils a commit holds up all", File: "longrun/monitor/internal/outbox/draft.go",
			Old: "if errors.Is(err, store.ErrInvalid) && len(keys) > 1 {",
			New: "if false {",
			Pkg: "./longrun/monitor/internal/outbox", Tests: "ADraft",
		},
		{
			Name: "outbox: what is undelivered is tried all the time", File: "longrun/monitor/internal/outbox/retrial.go",
			Old: `if left := r.at.Sub(now); left <= maxQuiet+time.Minute {
		return left
	}
	return 0`,
			New: "return 0",
			Pkg: "./longrun/monitor/internal/outbox", Tests: ".",
		},
		{
			Name: "outbox: what is over is told as if it went on", File: "longrun/monitor/internal/outbox/undelivered.go",
			Old: `open, _ := o.Standing(n.Rule, n.Target)
	return open == n.IncidentID`,
			New: "return true",
			Pkg: "./longrun/monitor/internal/outbox", Tests: ".",
		},
	}
}
