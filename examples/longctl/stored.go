package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// storeFlags say where the documents are.
type storeFlags struct {
	Store    string `env:"LONGRUN_STORE" default:"sqlite:longrun.db" placeholder:"URL" help:"sqlite:FILE or firestore:PROJECT; sqlite:longrun.db unless given."`
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
		return nil, nil, nil, usageError{fmt.Errorf("--store: %w", err)}
	}
	l, err := ledger.New(st, f.Root)
	if err != nil {
		end()
		return nil, nil, nil, usageError{fmt.Errorf("--root: %w", err)}
	}
	return st, l, end, nil
}

// windowFlags say which time to look at.
type windowFlags struct {
	From   moment `placeholder:"TIME" help:"Only from then on: 2025-12-29 or 2025-12-29T22:00:00Z."`
	To     moment `placeholder:"TIME" help:"Only before then."`
	Window period `placeholder:"PERIOD" help:"Only so long until now: 24h, 7d, 30d …"`
}

// bounds returns [from, to); a zero time is an open end.
func (f windowFlags) bounds(now time.Time) (from, to time.Time, err error) {
	from, to = time.Time(f.From), time.Time(f.To)
	switch {
	case f.Window != 0 && (!from.IsZero() || !to.IsZero()):
		return from, to, usageError{errors.New("--window goes with neither --from nor --to")}
	case f.Window != 0:
		from = now.Add(-time.Duration(f.Window))
	case !to.IsZero() && !from.Before(to):
		return from, to, usageError{fmt.Errorf("--to %s is not after --from", to.Format(time.RFC3339))}
	case from.After(now):
		return from, to, usageError{fmt.Errorf("--from %s is in the future", from.Format(time.RFC3339))}
	}
	return from, to, nil
}

// moment is a time on a command line: RFC 3339, or a day in UTC.
type moment time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			*m = moment(t.UTC())
			return nil
		}
	}
	return fmt.Errorf("%.40q is no time such as 2025-12-29 or 2025-12-29T22:00:00Z", text)
}

// period is a duration on a command line, in which d stands for days.
type period time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *period) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * float64(24*time.Hour))
	}
	if err != nil || d <= 0 || d > 100*366*24*time.Hour {
		return fmt.Errorf("%.40q is no period such as 24h or 30d", text)
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
	show     func(verify.Outcome) error
}
