// Package table writes lists of what is stored as CSV: gaps, incidents and probes,
// one row each, for spreadsheets and programs.
//
// It does not order or choose: rows come as its caller reads them, and it keeps none
// of them. It is not a backup: texts are cut to 500 characters, and what cannot be
// seen in them is marked.
//
// The form is RFC 4180 in UTF-8 with line feeds, a head of column names first. Times
// are RFC 3339 in UTC with milliseconds, and a number that there is not is empty. The
// columns of a list do not change their names or meaning; others may come behind
// them.
//
// # Formulas
//
// A spreadsheet takes a cell that begins with =, +, -, @ or a tab for a formula,
// which may call programs or send what it finds elsewhere. A text that begins like
// that, or has such a beginning behind a character that some spreadsheets split cells
// at, gets an apostrophe before it: they show it as text.
//
// # Bounds
//
// A list ends after as many rows as were allowed. Its last row says so in its first
// cell, which then begins with "# ", and so does one about documents that do not
// decode: nothing is left out without a word.
package table
