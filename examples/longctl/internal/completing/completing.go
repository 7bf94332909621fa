// Package completing finds what a word of a command line may be. It looks at the model
// of the commands alone: names of files and values that only a store knows it leaves to
// the shell.
package completing

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Complete writes what the last of the words may be, one a line; nothing where it may be
// a file, or anything.
func Complete(out io.Writer, model *kong.Node, words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	node, places := model, 0
	var wanting *kong.Value // the value of a flag
	for _, word := range words[:len(words)-1] {
		switch {
		case wanting != nil && word == "=": // bash makes a word of it
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
		found, last = choices(wanting), strings.TrimPrefix(last, "=")
	case strings.HasPrefix(last, "-") && strings.Contains(last, "="):
		if f := flagOf(node, last); f != nil {
			name, _, _ := strings.Cut(last, "=")
			for _, choice := range choices(f.Value) {
				found = append(found, name+"="+choice)
			}
		}
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
