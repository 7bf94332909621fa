// Package cputime tells how much of the processors a benchmark used. It is imported by
// tests only.
//
// It does not make measurements equal: of a machine that does other work as well, caches
// and cores are shared, and what would take 1 ms alone may use 2. So a benchmark also
// measures something fixed beside it, in turns, and reports the ratio.
package cputime
