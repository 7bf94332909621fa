// Package measuring keeps the numbers that a system of metrics asks for and that no
// other room keeps: histograms, counts of probes, which slots of the last month have a
// beat, and the host's last word.
//
// What it does not guarantee. It lives in memory and reads no document: it is told of
// what others read anyway, and a window is known only when all of it was told. Its
// coverage is that of the stored beats as this leader saw them; a beat that somebody
// deletes or adds behind its back changes nothing. A report reads the documents.
package measuring
