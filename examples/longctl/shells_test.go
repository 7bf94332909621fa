package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asLongctl makes the test binary the program itself, for shells to call.
const asLongctl = "AS_LONGCTL"

func TestMain(m *testing.M) {
	if os.Getenv(asLongctl) != "" {
		os.Exit(run(context.Background(), os.Args[1:], surroundings{out: os.Stdout, err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// completer is how a shell is asked what it makes of lines whose last word is not whole,
// in a folder with the script of its name.
type completer struct {
	shell string
	// program asks for each of its arguments behind the script, and prints a line with
	// what the last word may be, or is.
	program, run string
	splits       bool // it takes --a=b for three words
	leavesFiles  bool // they are its own matter, and nothing of ours
}

func completers() []completer {
	return []completer{
		{shell: "bash", splits: true, leavesFiles: true, run: "-c", program: `source "$0"
for line; do
  COMP_LINE=$line COMP_POINT=${#line}
  eval "COMP_WORDS=(${line/=/ = })"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  _longctl longctl
  echo "${COMPREPLY[*]}"
done`},
		{shell: "fish", run: "-c", program: `source $argv[1]
for line in $argv[2..-1]
  echo (complete -C $line | string replace -r '\t.*' '')
end`},
		// zsh completes for its line editor alone: it is given a terminal.
		{shell: "zsh", run: "-fc", program: `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PROMPT=; autoload -Uz compinit; compinit -D -u; source '$0'; bindkey "^I" complete-word
  show() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^X" show; stty -echo cols 200; print READY'
zpty -r z out '*READY'$'\r'
for line; do
  zpty -w -n z $line$'\t\x18'
  zpty -r z out '*<*>'
  out=${${out##*<}%>*}
  print -r -- ${${(z)out}[-1]}
done`},
	}
}

// What a shell completes, it completes by its script, in the shell itself.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	for _, c := range completers() {
		t.Run(c.shell, func(t *testing.T) {
			t.Parallel()
			shell, err := exec.LookPath(c.shell)
			if err != nil && os.Getenv("LONGRUN_REQUIRE_SHELLS") != "1" {
				t.Skip("no " + c.shell + " here")
			}
			require.NoError(t, err)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "proof.txt"), nil, 0o600))
			script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asLongctl, program)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "longctl"), []byte(script), 0o700)) //nolint:gosec // a program
			require.NoError(t, os.WriteFile(filepath.Join(dir, "script"), []byte(ctl(t, "completion", c.shell).out), 0o600))

			var lines, want []string
			for line, is := range map[string]string{
				"longctl si":                     "silence",
				"longctl silence a":              "add",
				"longctl report --format j":      "json",
				"longctl report --format=j":      "--format=json",
				"longctl completion z":           "zsh",
				"longctl silence add --fo":       "--for --format",
				"longctl verify ":                "evidence probes restart-safe",
				"longctl check pro":              "proof.txt",
				"longctl report --out pro":       "proof.txt",
				`longctl runs --store "a b" --w`: "--window",
			} {
				switch {
				case c.leavesFiles && is == "proof.txt":
					is = ""
				case c.splits && strings.Contains(is, "="):
					_, is, _ = strings.Cut(is, "=")
				case c.shell == "zsh" && strings.Contains(is, " "):
					continue // it shows them, and waits for more
				}
				lines, want = append(lines, line), append(want, is)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ask := exec.CommandContext(ctx, shell, append([]string{c.run, c.program, "./script"}, lines...)...)
			ask.Dir, ask.Env = dir, []string{"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir, "TERM=dumb", "XDG_CONFIG_HOME=" + dir}
			out, err := ask.CombinedOutput()
			require.NoError(t, err, "%s", out)
			got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			require.Len(t, got, len(want), "%s", out)
			for i := range got {
				require.ElementsMatch(t, strings.Fields(want[i]), strings.Fields(got[i]), "%s: %q", c.shell, lines[i])
			}
		})
	}
}
