package whatsapptest

import signallog "go.mau.fi/libsignal/logger"

// libsignal makes its logger at its first line, without a lock, and prints on the
// standard output; clients and servers in one process would race for it. Where the
// program has none, it is given one here, before anything runs, that is silent: what
// it says comes as an error as well.
var _ = func() bool {
	if signallog.Logger == nil {
		var silent signallog.Loggable = silentSignal{}
		signallog.Setup(&silent)
	}
	return true
}()

type silentSignal struct{}

// Debug implements logger.Loggable, as the others do.
func (silentSignal) Debug(string, string)   {}
func (silentSignal) Info(string, string)    {}
func (silentSignal) Warning(string, string) {}
func (silentSignal) Error(string, string)   {}
func (silentSignal) Configure(string)       {}
