package redact

import (
	"regexp"
	"strings"

	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Where a password stands in what names a database or a server: behind the user of an
// address, up to the last @ of its line; or in a field that is called so, up to the end of
// the line, since in a DSN, in a query, and where they are mistyped it may have any
// character.
var (
	// begins matches where an address does whose password may have a blank: with
	// slashes, or with the name of a database.
	begins = regexp.MustCompile(`(?i)[a-z][\w+.-]*://|\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?):\S`)
	// driver matches an address as Go's driver of MySQL takes it, up to its network.
	driver = regexp.MustCompile(`[^\s:/@"]+:.*@(?:tcp|unix)\(`)
	// plain matches any other address with a user.
	plain = regexp.MustCompile(`[A-Za-z][\w+.-]*:\S*@`)
	// field matches the name of a field whose value is a secret.
	field = regexp.MustCompile(`(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|signature|api_?key|access_?key|private_?key)\s*=\s*|[?&;](?:key|sig|auth|code)=`)
	// header matches what a request is authorized by.
	header = regexp.MustCompile(`(?i)(authorization:\s*(?:bearer|basic)\s+)\S+`)

	// scheme is what an address begins with, user what a password stands behind in it,
	// and port what else a colon may stand before.
	scheme = regexp.MustCompile(`(?i)^(?:[a-z][\w+.-]*://|(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?):)`)
	user   = regexp.MustCompile(`^[^\s/@:]*:`)
	port   = regexp.MustCompile(`^(?:\d{1,5}(?:\W|$)|/|\s|$)`)
	ipv6   = regexp.MustCompile(`^\[[0-9a-fA-F:.%]*\]`)

	// quotation matches what %q has written, of which all quotes are escaped.
	quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// Addresses returns text with the passwords of the addresses in it masked:
// postgres://user:password@host, user:password@tcp(host)/name,
// "host=h password=p", …?password=p. It masks too much rather than too little: what
// stands behind a password up to the end of its line, or of the quotation that it is in,
// where nothing tells where the password ends. Cut a text afterwards, as Line does: of an
// address that was cut it is not known that it is one.
func Addresses(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = header.ReplaceAllString(withoutPasswords(line), "${1}"+mask)
	}
	return strings.Join(lines, "\n")
}

// Line is visible.Line of text without the passwords of addresses.
func Line(text string, limit int) string {
	return visible.Line(Addresses(visible.Head(text, ahead*limit)), limit)
}

// Lines is visible.Lines of text without the passwords of addresses.
func Lines(text string, most, limit int) string {
	return visible.Lines(Addresses(visible.Head(text, ahead*most*limit)), most, limit)
}

// ahead is how much more is searched than is shown, in bytes for each character.
const ahead = 8

// withoutPasswords looks at the quotations of a line one by one, unless an address begins
// before them.
func withoutPasswords(line string) string {
	var b strings.Builder
	for {
		at := quotation.FindStringIndex(line)
		if at == nil {
			break
		}
		if start, _ := first(line); start < at[0] {
			break
		}
		b.WriteString(line[:at[0]+1])
		b.WriteString(masked(line[at[0]+1 : at[1]-1]))
		b.WriteByte('"')
		line = line[at[1]:]
	}
	b.WriteString(masked(line))
	return b.String()
}

// place is what may hold a password.
type place int

const (
	nowhere place = iota
	anAddress
	aField
)

// first finds the first of them: where it begins, which is behind s where there is none.
func first(s string) (start int, is place) {
	start = len(s)
	for _, one := range []struct {
		what *regexp.Regexp
		has  string // or it is not there
		is   place
	}{{begins, ":", anAddress}, {driver, "@", anAddress}, {plain, "@", anAddress}, {field, "=", aField}} {
		if !strings.Contains(s, one.has) {
			continue
		}
		if at := one.what.FindStringIndex(s); at != nil && at[0] < start {
			start, is = at[0], one.is
		}
	}
	return start, is
}

// masked masks the passwords of what is one line, or one quotation.
func masked(s string) string {
	var b strings.Builder
	for {
		start, is := first(s)
		b.WriteString(s[:start])
		s = s[start:]
		switch is {
		case nowhere:
			return b.String()
		case aField:
			name := field.FindString(s)
			b.WriteString(name)
			if name != s {
				b.WriteString(mask)
			}
			return b.String()
		case anAddress:
		}
		named, before := headOf(s)
		b.WriteString(named)
		s = s[len(named):]
		if end := strings.LastIndexByte(s, '@'); end >= 0 {
			b.WriteString(before + mask)
			if field.MatchString(s[:end]) { // whose @ it may be
				return b.String()
			}
			s = s[end:]
			continue
		}
		if before != "" && !port.MatchString(s[len(before):]) && !ipv6.MatchString(s) {
			b.WriteString(before + mask) // and its host was forgotten, or cut away
			return b.String()
		}
	}
}

// headOf is what is shown of an address before its password: its scheme, and its user. Of
// a driver's address the password itself may begin with two slashes.
func headOf(s string) (named, before string) {
	named = scheme.FindString(s)
	if at := driver.FindStringIndex(s); at != nil && at[0] == 0 && strings.HasSuffix(named, "://") {
		return "", strings.TrimSuffix(named, "//")
	}
	return named, user.FindString(s[len(named):])
}
