// Package dashboard is what an operator sees in a browser: is anything wrong, what
// came first, who is affected, what to do. The host mounts it under any path.
//
// It does not know users: one token opens everything, and who holds a session can
// do what the token can. It does not end TLS, and cannot take one session back: a
// session ends by its own expiry or by a change of the token, since nothing of it is
// stored. Without a token it answers only who reaches a loopback address by a
// loopback name, and nobody whose request came through a proxy. It decides nothing:
// every number is of the ledger and of the monitor's Status, counted by the same
// code as the report's.
//
// # Pages
//
//	/                 Now: the verdict, what is open, the last 24 hours, accounts,
//	                  probes, who leads
//	/incident/{id}    one incident: what to check, what happened, silence it
//	/history          30, 90 or 365 days, every day; ?day= down to the slot
//	/report           the windows that package report tells of; ?window=7d, or
//	                  ?from=2026-02-01&to=2026-03-01, is the report itself
//	/settings         thresholds, silences, maintenance, a test message
//	/login            the token, for a session
//
// All are whole pages that work without JavaScript. One module makes them live: GET
// /events says which parts changed, by name alone, and GET /fragment/{name} is that
// part, made by the same template. Links and redirects are relative, so that a proxy
// may show it under a path that this handler never hears of. A standby serves the
// same pages from the store, and says so.
//
// Nothing is loaded from anywhere else, and the policy of every page says so.
package dashboard
