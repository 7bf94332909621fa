package firestorestore

import "strings"

// escapes are what stands for a byte that Firestore does not let stand where
// the ID has it. The percent sign is escaped only where it would be read as the
// beginning of one of these, so that IDs made elsewhere keep their names.
var escapes = map[byte]string{'%': "%25", '/': "%2F", '.': "%2E", '_': "%5F"} //nolint:gochecknoglobals // a constant

// escape turns an ID into one that Firestore takes; unescape is its inverse.
func escape(id string) string {
	var b strings.Builder
	for i := range len(id) {
		c := id[i]
		if c == '/' || c == '%' && escaped(id[i:]) != 0 || i == 0 && reserved(id) {
			b.WriteString(escapes[c])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// reserved reports whether Firestore keeps id, as a whole, for itself. Escaping
// its first byte is enough.
func reserved(id string) bool {
	return id == "." || id == ".." || len(id) >= 4 && strings.HasPrefix(id, "__") && strings.HasSuffix(id, "__")
}

func unescape(id string) string {
	if !strings.Contains(id, "%") {
		return id
	}
	var b strings.Builder
	for i := 0; i < len(id); {
		if c := escaped(id[i:]); c != 0 {
			b.WriteByte(c)
			i += 3
		} else {
			b.WriteByte(id[i])
			i++
		}
	}
	return b.String()
}

// escaped returns the byte for which the beginning of s stands, or 0 where s
// begins with no escape.
func escaped(s string) byte {
	for c, as := range escapes {
		if strings.HasPrefix(s, as) {
			return c
		}
	}
	return 0
}
