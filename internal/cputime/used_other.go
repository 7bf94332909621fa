//go:build !unix

package cputime

import "time"

var began = time.Now() //nolint:gochecknoglobals // the start of the process

// Used returns how long this process has run: nothing better is known here.
func Used() time.Duration { return time.Since(began) }
