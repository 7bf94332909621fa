//go:build !unix

package postgrestest

// run cannot be started here: that it never outlives the tests rests on a Unix
// shell.
type run struct{}

func initialise(string) (string, error) { return "", need.Absent("a server is started on Unix only") }

func copyOf(_, _ string) (string, error) { return "", need.Absent("a server is started on Unix only") }

func serve(*Server) (*run, error) { return nil, need.Absent("a server is started on Unix only") }

func (*run) stop() {}

func (*Server) remove() {}

func (*Server) follow() error { return need.Absent("a server is started on Unix only") }
