package postgresstore

import "strings"

// Postgres keeps any character in a text but the first of all, and the order of
// texts is that of their bytes. So that one is written as two of the second, and
// the second as the second and the third: readable otherwise, and in the same order.
var (
	escaper   = strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02") //nolint:gochecknoglobals // does not change
	unescaper = strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01") //nolint:gochecknoglobals // does not change
)

func escape(id string) string { return escaper.Replace(id) }

func unescape(id string) string { return unescaper.Replace(id) }
