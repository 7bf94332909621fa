// Package chart draws what is said of a window as SVG: its slots as a heat map, the
// latencies of its probes, its incidents on a time line.
//
// It does not decide what is shown: whoever calls it has counted, thinned and
// bounded. It reads nothing, has no clock, and runs no script. It chooses no
// colour either; the page does that, see below.
//
// Each function takes its data and returns one svg element, to stand in a page as
// it is: every text in it is escaped, and of characters that are seen. All shapes
// carry what they stand for as a title.
//
// # What a page styles
//
//	rect.filled, rect.unhealthy, rect.missed       slots; missed is fainter where
//	                                               only some of a cell are
//	circle.pass, path.fail, path.inconclusive      probes
//	rect.incident.over, rect.incident.open         incidents
//	line.grid, line.median                         rules, and the P50 of probes
//	text.tick, text.name                           labels, and the names of panels
package chart
