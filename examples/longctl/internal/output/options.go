package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Options are of a command whose words may go into a file, in either form. Commands
// embed them.
type Options struct {
	FileFlag   `embed:""`
	FormatFlag `embed:""`
}

// FileFlag is of a command whose words may go into a file.
type FileFlag struct {
	Out string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
}

func (f FileFlag) path() string { return f.Out }

// FormatFlag is of a command that speaks to people or to programs.
type FormatFlag struct {
	Format string `enum:"text,json" default:"text" help:"text or json: one object."`
}

// Show writes value as JSON does, or has text write what people read.
func (f FormatFlag) Show(out io.Writer, value any, text func(io.Writer) error) error {
	if f.Format == "json" {
		return JSON(out, value)
	}
	return text(out)
}

// JSON writes one object for programs, in lines that people can read, too: a list in it
// is never null, and what cannot be seen is escaped.
func JSON(out io.Writer, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(document.Full(value)); err != nil {
		return err
	}
	_, err := out.Write(visible.JSON(b.Bytes()))
	return err
}

// Of finds out where a command is asked to put its words: nil where it has no FileFlag,
// and for standard output.
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
