// Package copying brings everything under a root from one store into another, for the
// programs: the same documents under the same names, text for text, so that the chain
// of beats, the log of evidence and every proof hold there as they did.
//
// What it does not copy: the times and versions that a store gives to documents itself,
// and documents without a time, which are in no list. It writes nothing into a store
// that holds anything but an unfinished copy of the same documents.
package copying
