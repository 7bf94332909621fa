package layout

import (
	"net/url"
	"strings"
)

// maxLink is how long a link may be: no service here takes less.
const maxLink = 500

// Link returns an address that can be shown as a link anywhere: http or https, a
// host, no password, and nothing in it that ends or opens a link in any markup. It
// is empty where the address is none.
func Link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	if len(address) > maxLink || strings.ContainsFunc(address, unsafe) {
		return ""
	}
	return address
}

// unsafe is all that is not plainly part of an address.
func unsafe(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~:/?#@!$&+,;=%", r)
}
