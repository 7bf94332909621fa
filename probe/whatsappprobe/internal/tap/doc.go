// Package tap hears what a WhatsApp client says for its log, and tells it as facts.
//
// It proves nothing: what it knows are the formats of one version of whatsmeow, each
// held by a test, and a version that words a line differently tells less. It keeps no
// stanza, changes none, and turns no argument into text: they hold numbers and
// messages, and some are in use.
//
// whatsmeow takes its logger once, in NewClient, and passes every stanza through it,
// whatever the level. That is the only way to see what a client sends, and what
// becomes of it.
package tap
