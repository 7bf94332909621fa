package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/outfile"
)

// outFlags are of a command whose words may go into a file.
type outFlags struct {
	Out string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
}

func (f outFlags) sink() string { return f.Out }

// sinking runs a command with what it says on its way into a file, where it is asked for
// one. The file is written whatever the outcome, unless nothing was said.
func sinking(command any, s surroundings, do func(surroundings) error) error {
	asked, ok := command.(interface{ sink() string })
	if !ok {
		return do(s)
	}
	to, err := outfile.New(asked.sink())
	if err != nil {
		return usageError{fmt.Errorf("--out: %w", err)}
	}
	if to == nil {
		return do(s)
	}
	var said bytes.Buffer
	s.out = io.Writer(&said)
	err = do(s)
	if said.Len() == 0 {
		return err
	}
	return errors.Join(err, to.Write(said.Bytes()))
}
