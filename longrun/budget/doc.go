// Package budget counts the error budget: how many slots of a window a target lets be
// missed, how many were, how many are left, how fast they go, and when none is left.
//
// What it does not do and not promise: it has no clock and no I/O, and takes what it
// is given at its word. It knows no month that has not been; a date of exhaustion is
// what comes of going on as in the last hours, and no forecast. It is of heartbeats
// alone: a host that is not healthy spends nothing.
//
// All of it is whole slots, of which none is rounded into being: what may be missed is
//
//	allowed = ⌊slots × (1,000,000 − 10,000 × percent) / 1,000,000⌋
//
// of the slots that count, so that where little is known, as in the first days, what is
// allowed is that of what is known. A Burn is missed / slots of the last hours, against
// what the target lets: at a burn of 1 the budget of a window is gone at its end.
//
// Each number is there twice. All has every slot. Unplanned leaves out those that begin
// in planned maintenance, those that were missed in it and those that were written:
// then they count neither as allowed nor as used.
package budget
