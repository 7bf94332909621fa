package probing

import "errors"

// ErrUnknownProbe is returned by RunProbe for a probe that Config.Probes lacks.
var ErrUnknownProbe = errors.New("monitor: no such probe is configured")

// ErrProbeTaken is returned by RunProbe when a probe of the same ID stands in
// the store: one by hand in the same second, by another instance. The first
// result stands.
var ErrProbeTaken = errors.New("monitor: there is a probe of this second already")

// ErrProbesFailed is returned by RunProbe on an instance that leads while the part
// of it that makes probes has failed. It is started again by itself; Status says
// why it failed.
var ErrProbesFailed = errors.New("monitor: this instance leads, but what makes its probes has failed and is about to be started again")

// NotLeadingError says that this instance makes no probes, since another one
// leads, or none.
type NotLeadingError struct {
	// Holder is the instance that leads, as far as this one knows; may be empty.
	Holder string
}

// Error implements error.
func (e *NotLeadingError) Error() string {
	if e.Holder == "" {
		return "monitor: this instance does not lead"
	}
	return "monitor: this instance does not lead; " + e.Holder + " does"
}
