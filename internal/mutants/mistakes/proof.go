package mistakes

func ofProof() []Mutant {
	return []Mutant{
		{
			Name: "proof: whoever is asked for is dead", File: "lock/witness.go",
			Old: `if errors.Is(err, store.ErrAlive) {
		c.unproven(ctx, nil)
		return nil
	}`,
			New: `if errors.Is(err, store.ErrAlive) {
		return &death{row: row, done: func(bool) {}}
	}`,
			Pkg: "./lock", Tests: "Frozen|Simulation|Waiting",
		},
		{
			Name: "proof: the proof of one counts for another", File: "lock/witness.go",
			Old: "return d != nil && row.Held() && d.row.Owner == row.Owner && d.row.Proof == row.Proof",
			New: "return d != nil && row.Held()",
			Pkg: "./lock", Tests: ".",
		},
		{
			Name: "proof: no holder leaves a sign", File: "lock/witness.go",
			Old: "g.row.Proof, g.end, g.lapsed = mark, end, store.Lapsed(c.witness, g.row.Owner)",
			New: "_ = mark\n\tend(true)",
			Pkg: "./lock", Tests: "Waiting|Standby",
		},
		{
			Name: "proof: a Lock whose proof lied leaves others", File: "lock/witness.go",
			Old: "l.lock.lied = true",
			New: "l.lock.lied = false",
			Pkg: "./lock", Tests: "ProofLied",
		},
		{
			Name: "proof: a release keeps the sign", File: "lock/lease.go",
			Old: `l.gone = true
	l.unsign(true)
	return nil
}

// unsign`,
			New: `l.gone = true
	return nil
}

// unsign`,
			Pkg: "./lock", Tests: ".",
		},
		{
			Name: "proof: a release that was refused keeps the sign", File: "lock/lease.go",
			Old: `l.unsign(false)
`,
			New: "",
			Pkg: "./lock", Tests: "AReleaseThatTheStoreRefuses|RefusesIsFollowed",
		},
		{
			Name: "proof: a grant that never lands keeps its sign", File: "lock/witness.go",
			Old: `if g.end != nil {
			g.end(true)
		}`,
			New: "_ = g",
			Pkg: "./lock", Tests: "NeverLands",
		},
		{
			Name: "proof: the row is taken as it was before its holder died", File: "lock/campaign.go",
			Old: `rec, row, found, err = c.get(ctx)
		}
	}
	defer func()`,
			New: `}
	}
	defer func()`,
			Pkg: "./lock", Tests: "LastWords",
		},
		{
			// Acquire finds it out all the same, by waiting for a death that was; one attempt
			// cannot.
			Name: "proof: a process that starts again does not ask whether it died", File: "lock/campaign.go",
			Old: "if dead = c.seizeNow(ctx, row); dead != nil {",
			New: "if dead = nil; dead != nil {",
			Pkg: "./lock", Tests: "LastWords",
		},
	}
}
