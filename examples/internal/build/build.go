// Package build says which build of a program this is, for the programs. It knows what
// the Go toolchain wrote into the binary, and nothing where that is stripped.
package build

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// Line is one line about the build: the program, the version of the module, the commit,
// and whether something in it was changed since, and Go's version.
func Line(program string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return program + " (unknown build)"
	}
	return line(program, info)
}

func line(program string, info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	parts := []string{info.GoVersion, settings["GOOS"] + "/" + settings["GOARCH"]}
	if commit := settings["vcs.revision"]; commit != "" {
		const short = 12
		commit = "commit " + commit[:min(short, len(commit))]
		if settings["vcs.modified"] == "true" {
			commit += ", changed since"
		}
		parts = append([]string{commit}, parts...)
	}
	return fmt.Sprintf("%s %s (%s)", program, version, strings.Trim(strings.Join(parts, ", "), ", /"))
}
