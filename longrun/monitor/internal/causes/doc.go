// Package causes knows why: which instances died, and what the documents tell of
// slots without a heartbeat.
//
// What it does not guarantee. It knows what was written down: of an instance that did
// not lead nobody sees that it died, and a leader that dies before it has written
// down whom it followed takes that with it. An instance that fell silent may hang, or
// have lost the store, and be back; so it counts as dead only when some time has
// passed in which it did not take that back.
package causes
