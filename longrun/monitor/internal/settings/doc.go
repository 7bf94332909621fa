// Package settings keeps the live settings of the store in force on this instance.
//
// It does not guarantee that all instances go by the same at one moment: a change
// is seen at once where the store can tell, else within Options.Every. A document
// that makes no sense changes nothing. Nor that they are known: until they were read
// the default ones are in force, and nothing waits for them but what may.
package settings
