// Package closing does what is to be done with days that are over: it rolls them
// up, logs their documents as evidence, and deletes what the settings no longer
// keep.
//
// # What it does not guarantee
//
// That a day is closed soon after it. None of this can be taken back, so it waits
// while the time is not certain, for up to a day after a jump of the clock; it
// does so many days and deletes in one pass, a commit a second; and what fails is
// tried again later and later, each hour at last. Where a clock was wrong by less
// than two days before the process began, and nothing else shows it, a day may be
// closed too early: it is rolled up again when it is over, and what more it has then
// is logged then.
//
// # What it does
//
// A pass asks whether the time is certain, closes the days that are due, oldest
// first, and deletes. A day that fails holds up the later ones for three tries;
// then it is put aside, tried again by itself, and the others go on. What a pass was
// broken off at, by the end of the lead for one, the next leader finds again: each
// day is one commit, of its rollup, its batch of evidence and the lock's note. So
// days that are closed together have a batch each, and one that no store takes spoils
// none of the others.
package closing
