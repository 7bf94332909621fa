// Package chart draws what is said of a window as SVG: its slots minute by minute or
// as a calendar, the latencies of its probes, its incidents on a time line.
//
// It does not decide what is shown: whoever calls it has counted, thinned and
// bounded. It reads nothing, has no clock, and runs no script. It is what the report
// and the dashboard draw with, so that the two never disagree on what a slot, a probe
// or an incident looks like.
//
// Each function takes its data and returns a fragment of HTML, to stand in a page as
// it is: every text in it is escaped, and of characters that are seen. All shapes
// carry what they stand for as a title. Places on the width are in per cent and
// heights in pixels, so that a phone shows the whole of it with text that can be
// read. There is no style attribute in it, and no link but those that a DayLink makes.
//
// # What a page has besides
//
// Style, the style sheet of all of it, and Key, which says what the marks mean. The
// classes are:
//
//	svg.c                     a chart: width 100%, overflow visible
//	.f  .u  .m  .n            slots: written; written, but not healthy; missed (with a
//	                          stroke of 2 pixels, .m.k without); not known (an outline)
//	.p  .x  .o  .med  .band   probes: passed, failed, could not be told; the median;
//	                          the lane of those that did not pass
//	.inc  .inc.w              incidents: open, over
//	.gl  text  text.i  .inv   rules, labels, numbers on a bar and in it
//	.t2                       labels that go where the screen is narrow
//	.hours  .heat             a grid of two columns, labels and chart: rows of 14 and 13
//	                          pixels
//	.mhead  .month  .cal      a grid of four columns: month, chart, .sum, .cov, which
//	                          with .wide goes where the screen is narrow
//	.day  .year  .panel       headings
//	.key                      the list of marks
//	.vh                       what is for those who do not see it; the page's own
package chart
