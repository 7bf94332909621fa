package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store"
)

// storeFlags say where the documents are.
type storeFlags struct {
	Store    string `env:"LONGRUN_STORE" default:"sqlite:longrun.db" placeholder:"URL" help:"sqlite:FILE, firestore:PROJECT or postgres://USER:PASSWORD@HOST/DATABASE; sqlite:longrun.db unless given."`
	Root     string `env:"LONGRUN_ROOT" placeholder:"PATH" help:"The document all collections lie under; wa_metrics/longrun unless given."`
	Emulator string `env:"FIRESTORE_EMULATOR_HOST" hidden:""`
}

// open opens the store, which must be there, to change what is in it.
func (f storeFlags) open(ctx context.Context) (store.Store, *ledger.Ledger, func(), error) {
	return f.openBy(ctx, stores.OpenExisting)
}

// openToRead opens the store, which must be there, and changes nothing.
func (f storeFlags) openToRead(ctx context.Context) (store.Store, *ledger.Ledger, func(), error) {
	return f.openBy(ctx, stores.OpenToRead)
}

func (f storeFlags) openBy(ctx context.Context, opener func(ctx context.Context, address, emulator string) (store.Store, func(), error)) (store.Store, *ledger.Ledger, func(), error) {
	st, end, err := opener(ctx, f.Store, f.Emulator)
	if err != nil {
		return nil, nil, nil, exit.Usage(fmt.Errorf("--store: %w", err))
	}
	l, err := ledger.New(st, f.Root)
	if err != nil {
		end()
		return nil, nil, nil, exit.Usage(fmt.Errorf("--root: %w", err))
	}
	return st, l, end, nil
}

// moment is a time on a command line: RFC 3339, or a day in UTC.
type moment time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := report.ParseTime(string(text))
	*m = moment(t)
	return err
}

// period is a duration on a command line, such as 36h or 7d.
type period time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *period) UnmarshalText(text []byte) error {
	d, err := report.ParsePeriod(string(text))
	if err != nil {
		return fmt.Errorf("%.40q %w", text, err)
	}
	*p = period(d)
	return nil
}

// progress shows on a terminal how long work goes on, in one line that it takes
// away again. On anything else it is silent.
type progress struct {
	out   io.Writer
	on    bool
	dirty bool
}

func newProgress(out io.Writer) *progress {
	file, ok := out.(*os.File)
	return &progress{out: out, on: ok && isatty.IsTerminal(file.Fd())}
}

func (p *progress) show(format string, args ...any) {
	if p.on {
		fmt.Fprintf(p.out, "\r\x1b[K"+format, args...)
		p.dirty = true
	}
}

func (p *progress) read(c ledger.Collection, n int64) { p.show("%s: %d read", c, n) }

func (p *progress) end() {
	if p.dirty {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.dirty = false
	}
}

// opened is what a command works with.
type opened struct {
	store    store.Store
	ledger   *ledger.Ledger
	progress *progress
}
