// Package adminhttp is the admin API over HTTP: what is stored and what the
// instance knows, as JSON. The host mounts it.
//
// It does not terminate TLS or know users: there is one bearer token, which opens
// everything. Put a proxy before it where that is too little, and then set a
// token: without one it answers only who reaches a loopback address by a loopback
// name, and nobody whose request says that it came through a proxy
// (X-Forwarded-For, Forwarded, Via and their like). A proxy on the same machine
// that says nothing of itself would open it to whoever reaches the proxy. Links and
// redirects are relative, so that it may stand under any path of a proxy; mount it
// at the prefix itself too, or an http.ServeMux makes the redirect from there.
//
// It bounds what all callers together can take, see Limits, and not what each one
// can: a few reports at a time, some more lists; the others get 429 with
// Retry-After. So does who asks for test messages faster than once in 10 s or 10
// times an hour, or sends wrong tokens faster than 60 times a minute: the right one
// is let in all the same. Connections and headers are the server's: mount the
// handler in a Server, or set the like on one of your own.
//
// It makes store reads on behalf of its callers: a list reads as many
// documents as it returns (with a filter those that it passes over too), coverage
// and a report the rollups of whole days and the documents of the two days that
// the window cuts. A badge is kept for a minute.
//
// # Endpoints
//
// Under Options.Prefix:
//
//	GET heartbeats, probes, runs,   lists, the newest first; probes of one type
//	    locks                       or name with ?type= and ?name=
//	POST probes/{type}/run          makes a probe now and returns its result, that
//	                                with a name with ?name=; 409 with "holder" on
//	                                an instance that does not lead
//	GET config, PUT config          the live settings; what is left out stays
//	GET coverage                    a window's coverage and its gaps; these as CSV
//	GET budget                      what each target lets be missed, and what is left
//	                                with ?format=csv
//	GET incidents, incidents/{id}   with ?open=true those that are open; of one
//	                                rule or target with ?rule= and ?target=
//	GET outbox                      messages, and what became of them
//	POST alerts/test                this instance sends a test message; 502 when
//	                                it could not
//	GET silences, POST silences     with ?active=true those that hold or will;
//	                                {"rule","target","minutes" or "until",
//	                                "from","by","reason"}, all but an end optional
//	DELETE silences/{id}            ends it now
//	GET rollups, rollups/{day}      what is kept of each UTC day that is over,
//	                                such as rollups/2025-12-29
//	GET report                      everything that is said of a window
//	GET badge.svg                   the coverage of a window up to now, by default
//	                                of 30d, as a picture; without a token where
//	                                Options.OpenBadge says so
//	GET status                      what this instance knows; no store call
//	GET (the prefix itself)         this list
//	GET openapi.json                all of this for programs, in OpenAPI 3.1; no
//	                                token
//	GET livez, readyz               for whoever restarts or routes; no token
//
// HEAD works where GET does.
//
// A window is ?window=, a length up to now such as 1h, 36h, 7d or 1d12h, or FROM/TO;
// or it is ?from= and ?to= (RFC 3339, or 2006-01-02; from inclusive, to exclusive).
// It is the same wherever one is taken, see report.Ask.
//
// A list takes limit (1 to 1,000, default 20), a window and cursor (nextCursor of the
// reply before). A report comes as JSON, Markdown or HTML: as ?format=json, markdown
// or html asks, else as the Accept header prefers. Its HTML is one page that leads to
// other windows and to its lists as CSV, and which the reply's Content-Security-Policy
// lets run nothing, and load nothing from elsewhere.
//
// Incidents and probes come as CSV with ?format=csv, at most 100,000 rows, sent as
// they are read: a reply that is cut off is not whole. No cell of a table is a formula
// to a spreadsheet; see package table.
//
// Replies are {"success":true, …}, errors {"success":false,"error":…} with the
// status that fits; an error about one parameter or field has "field" as well. In a
// browser an error is a page that says what is possible. A page of a list ends at
// 8 MB, whatever its limit. In JSON what cannot be seen is escaped.
// A store that says nothing for 10 s is given up, one that is slow but answers
// is not.
package adminhttp
