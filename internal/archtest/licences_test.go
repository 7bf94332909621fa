package archtest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// whatsAppOnly are the folders whose packages may link GPL code, as NOTICE says.
var whatsAppOnly = []string{"probe/whatsappprobe", "probe/whatsapptest", programs}

// permissive are words that only licences have which ask for no more than their
// own text, or for the source of what they cover: those that an Apache-2.0
// library can be built on without a word to its users.
var permissive = []string{
	"Apache License",
	"Mozilla Public License",
	"Permission is hereby granted, free of charge",      // MIT
	"Redistribution and use in source and binary forms", // BSD
	"Permission to use, copy, modify, and",              // ISC
}

// classify tells whether a licence's text is one that the core may link.
func classify(text string) error {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case strings.Contains(text, "GNU GENERAL PUBLIC LICENSE"),
		strings.Contains(text, "GNU AFFERO GENERAL PUBLIC LICENSE"),
		strings.Contains(text, "GNU LESSER GENERAL PUBLIC LICENSE"):
		// The Mozilla licence names these too, but not in capitals.
		return errors.New("a GNU licence")
	case !slices.ContainsFunc(permissive, func(words string) bool { return strings.Contains(text, words) }):
		return errors.New("a licence that this test does not know")
	}
	return nil
}

// What NOTICE promises: whoever stays away from the WhatsApp packages links no
// GPL code through us. It asks the go command what our packages are built from,
// and then the licence of each of those modules.
func TestTheCoreLinksNoGPLCode(t *testing.T) {
	t.Parallel()
	repository, err := readTree(os.DirFS(moduleRoot)) // also makes every file part of the result's cache key
	require.NoError(t, err)
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"}
	for _, p := range repository.packages {
		if !slices.ContainsFunc(whatsAppOnly, func(folder string) bool { return under(p.dir, folder) }) {
			args = append(args, "./"+p.dir)
		}
	}
	list := exec.CommandContext(t.Context(), "go", args...)
	list.Dir = moduleRoot
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)

	modules := slices.Compact(slices.Sorted(strings.Lines(string(out))))
	for _, line := range modules {
		if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			text, err := licenceOf(os.DirFS(dir))
			require.NoError(t, err, module)
			require.NoError(t, classify(text), module)
		}
	}
	t.Logf("%d modules", len(modules))
}

// licenceOf joins the texts of a module's licence files.
func licenceOf(module fs.FS) (string, error) {
	var texts strings.Builder
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*"} {
		names, err := fs.Glob(module, pattern)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if info, err := fs.Stat(module, name); err != nil || info.IsDir() {
				continue
			}
			text, err := fs.ReadFile(module, name)
			if err != nil {
				return "", err
			}
			texts.Write(text)
		}
	}
	if texts.Len() == 0 {
		return "", errors.New("no licence file")
	}
	return texts.String(), nil
}

func TestALicenceIsKnownByItsWords(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile(filepath.Join(moduleRoot, "LICENSE"))
	require.NoError(t, err)
	require.NoError(t, classify(string(own)), "our own")
	require.NoError(t, classify("Mozilla Public License Version 2.0 … the GNU General Public License, Version 2.0"))
	require.NoError(t, classify("Redistribution and use in source and\nbinary forms, with or without"))
	require.Error(t, classify("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007"))
	require.Error(t, classify("Apache License … and parts under the GNU LESSER GENERAL PUBLIC\nLICENSE"))
	require.Error(t, classify("All rights reserved."))
}
