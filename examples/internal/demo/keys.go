package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// The keys beside those of the modes.
const (
	healKey = "h"
	quitKey = "q"
)

// Keys reads one key after the other from a terminal, each with Enter behind it, and
// does what it says, until ctx ends or the key is q: then it calls quit. What people are
// told it writes to out, with how fast that was. It returns at the end of in, too.
//
// A terminal that is read cannot be called off: one goroutine may outlive it, until the
// next line or the end of the process.
func (d *Demo) Keys(ctx context.Context, in io.Reader, out io.Writer, quit func()) {
	d.told.mu.Lock()
	d.told.say = func(m message) { fmt.Fprint(out, m.spoken()) }
	d.told.mu.Unlock()
	defer func() {
		d.told.mu.Lock()
		defer d.told.mu.Unlock()
		d.told.say = nil
	}()
	lines := make(chan string)
	spawn.Start("the keys", func() error {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- strings.ToLower(strings.TrimSpace(s.Text())):
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	for {
		select {
		case <-ctx.Done():
			return
		case key, more := <-lines:
			if !more {
				return
			}
			if key == quitKey {
				quit()
				return
			}
			d.key(key, out)
		}
	}
}

// key does what one key says.
func (d *Demo) key(key string, out io.Writer) {
	if key == "" {
		return
	}
	if key != healKey && key != "heal" && modeOf(key) == nil {
		fmt.Fprintf(out, "no key %.20q; the keys are\n%s", key, KeyList())
		return
	}
	said, err := d.do(key)
	if err != nil {
		said = "failed: " + err.Error()
	}
	fmt.Fprintln(out, said)
}

// KeyList are the keys, one a line.
func KeyList() string {
	var b strings.Builder
	for i := range modes {
		fmt.Fprintf(&b, "  %s  %-16s %s\n", modes[i].key, modes[i].name, modes[i].title)
	}
	fmt.Fprintf(&b, "  %s  %-16s all of it ends\n  %s  quit\n", healKey, "heal", quitKey)
	return b.String()
}

// spoken is a message on a terminal, between two lines.
func (m message) spoken() string {
	fast := m.fast
	if fast == "" {
		fast = "nothing here was broken for it"
	}
	text := strings.ReplaceAll(m.text, "\n", "\n  │ ")
	return "\n  ┌ told at " + m.at.UTC().Format("15:04:05") + " UTC (" + fast + ")\n  │ " + text + "\n  └\n"
}
