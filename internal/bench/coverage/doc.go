// Package coverage measures what a year's coverage and gap list cost from
// rollups, beside PromQL over a Prometheus TSDB and beside a scan of the beats.
//
// # What the numbers do not prove
//
// They do not say that Prometheus is slow. It keeps every sample of any number
// of series and answers any question; a rollup answers the few that were thought
// of before, and somebody paid for it each midnight. PromQL names neither the
// cause of a gap nor the instances beside it, so what is compared is the smaller
// answer, which both can give. One series in a temporary folder, all of it in
// the page cache, no HTTP and no JSON around the engine: a server adds to that.
// And a ratio of two medians on a busy machine of two cores is good for its
// order of magnitude.
//
// Everything is favourable to the peer where there was a choice: its samples lie
// exactly on the grid, which its chunks keep in one bit each, and its gaps are
// also taken the quickest way, by a client that reads all samples.
//
// It is tests only, and nothing imports it.
package coverage
