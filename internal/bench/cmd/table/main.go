// Command table measures all that this module compares with its peers, in one run, and
// prints one table of it, as text and as Markdown:
//
//	go run ./cmd/table               all of it
//	go run ./cmd/table ./coverage    one package
//	go run ./cmd/table -write        and keep it in testdata and both READMEs
//	go run ./cmd/table -rounds 8     with fewer rounds of what takes seconds than 20
//
// It is run in the folder of this module. What one package could not measure, it says,
// and leaves out; then it fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/bench/table"
)

// packages are those with rows, in the order of the table.
var packages = []string{"./leading", "./coverage", "./notice"} //nolint:gochecknoglobals // it does not change

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1) //nolint:forbidigo,gocritic // a program, and the signal ends with it
	}
}

func run(ctx context.Context) error {
	write := flag.Bool("write", false, "keep the table in testdata, this README and that of longwatch")
	flag.Parse()
	asked := packages
	if flag.NArg() > 0 {
		asked = flag.Args()
	}
	dir, err := os.MkdirTemp("", "rows-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	machine := fmt.Sprintf("One run of %s, on %s/%s with %d processors, %s, load %s before",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), //nolint:forbidigo // a program
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), load())
	args := append([]string{"test", "-tags", "peers", "-vet=off", "-count=1", "-p", "1", "-timeout", "60m", "-run", "^TestRows$"}, asked...)
	test := exec.CommandContext(ctx, "go", append(args, "-rows", dir, "-rounds", strconv.Itoa(table.Rounds()))...) //nolint:gosec // a program for developers
	test.Stdout, test.Stderr = os.Stderr, os.Stderr
	failed := test.Run()

	rows, err := table.Read(dir, asked...)
	if err != nil {
		return err
	}
	t := table.Table{Machine: machine + " and " + load() + " after it.", Rows: rows}
	if err := t.Text(os.Stdout); err != nil {
		return err
	}
	_, _ = fmt.Fprint(os.Stdout, "\n", t.Markdown())
	switch {
	case failed != nil:
		return failed
	case *write && flag.NArg() > 0:
		return errors.New("-write is for all of it")
	case *write:
		return t.Keep(".")
	}
	return nil
}

// load is what else the machine does: the mean of the last minute.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}
