// Command past fills an empty store with a made-up history, to look at the dashboard and
// the report without waiting for a year. What it writes is no evidence of anything.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/internal/past"
	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

const about = `Fills an empty store with a made-up history: few slots are missed, an incident a week.

Example:

    go run ./examples/past --store=sqlite:past.db --days=365
    LONGRUN_STORE=sqlite:past.db go run ./examples/server`

type flags struct {
	Store string `default:"sqlite:past.db" placeholder:"URL" help:"Where it is written: sqlite:FILE, which must hold nothing yet. Default: ${default}."`
	Days  int    `default:"365" help:"How many days there are. Default: ${default}."`
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	var f flags
	kong.Parse(&f, kong.Name("past"), kong.Description(about))
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "past:", err)
		os.Exit(1) //nolint:gocritic // there is nothing that cancel would end
	}
}

func run(ctx context.Context, f flags) error {
	if f.Days < 1 || f.Days > 3660 {
		return fmt.Errorf("--days=%d is not between 1 and 3660", f.Days)
	}
	st, end, err := stores.Open(ctx, f.Store, "")
	if err != nil {
		return err
	}
	defer end()
	book, err := ledger.New(st, "")
	if err != nil {
		return err
	}
	for _, err := range book.Runs(ctx, ledger.Page{Limit: 1}) {
		if err != nil {
			return err
		}
		return errors.New("the store has a history already; name an empty one")
	}
	began := time.Now()
	if err := past.Write(ctx, st, "", past.Options{Days: f.Days, Now: began}); err != nil {
		return err
	}
	fmt.Printf("%d days in %s, written in %s\n", f.Days, redact.Addresses(f.Store), time.Since(began).Round(time.Millisecond))
	return nil
}
