//go:build !unix

package firestoretest

// server cannot be started here: that it never outlives the tests rests on a
// Unix shell.
type server struct{}

func serve(_, _, _ string) (*server, error) {
	return nil, need.Absent("an emulator is started on Unix only")
}

func (*server) kill() {}
