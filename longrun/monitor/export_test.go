package monitor

// Goroutines is how many a monitor at rest holds, Run's own included, as the
// package comment says.
const Goroutines = 12
