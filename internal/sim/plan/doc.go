// Package plan says what befalls the instances of a simulated run, and when: it is data,
// that a seed makes (Generate), a file keeps (Parse), and Shrink makes small.
//
// It runs nothing and knows nothing of what is right: package sim does. What no Kind
// says, no run meets.
package plan
