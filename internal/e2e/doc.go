// Package e2e looks at the dashboard as people do: in a real Chromium, over a real
// socket, on a real monitor over a SQLite file. It is a module of its own, since its
// browser driver is for nobody else.
//
// It does not show how another browser draws the pages, and its axe-core finds only
// what a program can find of what hinders people.
//
//	.ci/run                          installs what it needs, and runs it with all else
//	go -C internal/e2e test ./...    skips without Chromium, and without axe-core skips that
//	… -shots                         keeps a picture of every page in .cache/e2e of the repository
//
// Chromium is Debian's package chromium, or what LONGRUN_CHROMIUM names. axe-core comes
// from the npm registry: `npm ci --prefix internal/e2e`. With LONGRUN_REQUIRE_BROWSER=1
// a missing one is a failure.
package e2e
