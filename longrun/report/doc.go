// Package report says in Markdown, JSON and HTML what a ledger.Survey found of a
// window.
//
// What it does not do: it reads nothing and writes nothing, has no clock, and
// judges no more than the coverage against its target. It does not soften: a
// window with too few beats is a FAIL, and "NO DATA" is said only where not a
// single slot counts. It does not know whether the documents are true, which is
// what the chain of evidence is for.
//
// New makes one Report of a survey; Markdown, JSON and HTML show that same value.
// Every number stands with its formula and its inputs, and with the query that
// finds it again. What was missed is said first and as a length of time, and the
// worst stands at the top; how healthy the host was while it was seen is no headline,
// since an outage does not lower it.
//
// A window of which a part is not known yet, as in the first days, is SO FAR and not
// PASS, however good that part was.
//
//	s, err := book.Survey(ctx, window, time.Minute, now, nil)
//	r := report.New(s, nil)
//	os.Stdout.WriteString(r.Markdown())
//
// # What is said how
//
// All times are UTC. A percentage is cut and not rounded, so that 98.99 % is
// never shown as the 99 % that it misses; "100 %" is all of it. Percentiles are by
// nearest rank, so that each is one of the values, and one that could only be the
// greatest of them is not given: P50 needs 2 values, P90 10 and P95 20. Lists are
// bounded, and what they leave out is added up in their last line, so that sums
// still come out.
package report
