package redact

import "regexp"

// Where a password stands in what names a database or a server: behind the user
// of an address, to its last @, or in a field that is called so.
var (
	userinfo = regexp.MustCompile(`([A-Za-z][\w+.-]*:(?://)?(?:[^\s/@:]*:)?)\S*@`)
	field    = regexp.MustCompile(`(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|access_?key)\s*=\s*)('[^']*'|[^\s&;,"'` + "`" + `]+)`)
)

// Addresses returns text with the passwords of the addresses in it masked:
// postgres://user:password@host, user:password@tcp(host)/name,
// "host=h password=p", …?password=p. It masks too much rather than too little.
func Addresses(text string) string {
	return field.ReplaceAllString(userinfo.ReplaceAllString(text, "${1}"+mask+"@"), "${1}"+mask)
}
