package completing

import (
	"io"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
)

// Command writes what a shell completes command lines with.
type Command struct {
	output.FileFlag `embed:""`

	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is what longctl completion --help says beside the flags.
func (Command) Help() string {
	return `Examples:

    source <(longctl completion bash)
    longctl completion zsh > "${fpath[1]}/_longctl"
    longctl completion fish > ~/.config/fish/completions/longctl.fish

There is no --format: a script is what the shell reads, and nothing else.`
}

// Each script asks the program itself, with the words up to the cursor.
const (
	bashScript = `_longctl() {
    local IFS=$'\n'
    COMPREPLY=($(longctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
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
    set -l found (longctl __complete $words[2..-1] (commandline -ct | string collect --allow-empty) 2>/dev/null)
    if test (count $found) -gt 0
        string join \n -- $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c longctl -f -a '(__longctl_complete)'
`
)

// Run writes it.
func (c Command) Run(out io.Writer) error {
	script := bashScript
	switch c.Shell {
	case "zsh":
		script = zshScript
	case "fish":
		script = fishScript
	}
	_, err := io.WriteString(out, script)
	return err
}

// Word is the word by which a script asks.
const Word = "__complete"
