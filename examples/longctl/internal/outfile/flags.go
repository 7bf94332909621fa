package outfile

import (
	"bytes"
	"errors"
	"io"
)

// Flags are of a command whose words may go into a file. Commands embed them.
type Flags struct {
	Out string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
}

func (f Flags) path() string { return f.Out }

// Of finds out where a command is asked to put its words: nil where it has no Flags, and
// for standard output.
func Of(command any) (*File, error) {
	asked, ok := command.(interface{ path() string })
	if !ok {
		return nil, nil
	}
	return New(asked.path())
}

// Gather calls do with where it is to write: out, of a nil File, or the file, which is
// written when do has returned, whatever came of it, unless nothing was said.
func (f *File) Gather(out io.Writer, do func(io.Writer) error) error {
	if f == nil {
		return do(out)
	}
	var said bytes.Buffer
	err := do(&said)
	if said.Len() == 0 {
		return err
	}
	return errors.Join(err, f.Write(said.Bytes()))
}
