package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand writes what a shell completes command lines with.
type completionCommand struct {
	outFlags `embed:""`

	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is what longctl completion --help says beside the flags.
func (completionCommand) Help() string {
	return `Examples:

    source <(longctl completion bash)
    longctl completion zsh > "${fpath[1]}/_longctl"
    longctl completion fish > ~/.config/fish/completions/longctl.fish`
}

// Each script asks the program itself, with the words up to the cursor.
const (
	bashScript = `_longctl() {
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$(longctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _longctl longctl
`
	zshScript = `#compdef longctl
_longctl() {
    local -a found
    found=(${(f)"$(longctl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -a found; else _files; fi
}
if [ "$funcstack[1]" = "_longctl" ]; then _longctl "$@"; else compdef _longctl longctl; fi
`
	fishScript = `function __longctl_complete
    set -l words (commandline -opc)
    longctl __complete $words[2..-1] (commandline -ct | string collect --allow-empty) 2>/dev/null
end
complete -c longctl -a '(__longctl_complete)'
`
)

// Run writes it.
func (c completionCommand) Run(s surroundings) error {
	script := bashScript
	switch c.Shell {
	case "zsh":
		script = zshScript
	case "fish":
		script = fishScript
	}
	_, err := io.WriteString(s.out, script)
	return err
}

// completing is the word by which a script asks.
const completing = "__complete"

// complete writes what the last of the words may be, one a line; nothing where it may be
// a file, or anything.
func complete(out io.Writer, model *kong.Node, words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	node, places := model, 0
	var wanting *kong.Value // the value of a flag
	for _, word := range words[:len(words)-1] {
		switch {
		case wanting != nil:
			wanting = nil
		case strings.HasPrefix(word, "-"):
			if f := flagOf(node, word); f != nil && !f.IsBool() && !strings.Contains(word, "=") {
				wanting = f.Value
			}
		default:
			if child := childOf(node, word); child != nil {
				node, places = child, 0
			} else {
				places++
			}
		}
	}
	var found []string
	switch {
	case wanting != nil:
		found = choices(wanting)
	case strings.HasPrefix(last, "-"):
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				found = append(found, "--"+f.Name)
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				found = append(found, child.Name)
			}
		}
		if places < len(node.Positional) {
			found = append(found, choices(node.Positional[places])...)
		}
	}
	slices.Sort(found)
	for _, word := range slices.Compact(found) {
		if strings.HasPrefix(word, last) {
			fmt.Fprintln(out, word)
		}
	}
}

// choices are the words that a value may be; none where it may be any.
func choices(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if f.Name == name || len(name) == 1 && string(f.Short) == name {
				return f
			}
		}
	}
	return nil
}

func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word {
			return child
		}
	}
	return nil
}
