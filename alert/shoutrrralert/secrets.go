package shoutrrralert

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// newService finds out whether the library takes a URL, without a word of it.
func newService(address string, at, of int, timeout time.Duration) (*service, error) {
	name := "shoutrrralert"
	if of > 1 {
		name = fmt.Sprintf("shoutrrralert: URL %d", at+1)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s: it is no URL of a service, such as gotify://host/token", name)
	}
	scheme, _, _ := strings.Cut(u.Scheme, "+")
	r := new(router.ServiceRouter)
	if scheme == "logger" || !slices.Contains(r.ListServices(), scheme) {
		return nil, fmt.Errorf("%s: it names no service that tells anybody, such as gotify://host/token", name)
	}
	s := &service{name: name + ": " + scheme, url: address, timeout: timeout, secrets: secretsOf(u)}
	s.door.Grace = -1 // the library does not look at contexts
	if scheme == "matrix" {
		return s, nil // it would log in
	}
	err = spawn.Guard(s.name, func() error {
		_, err := r.Locate(address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: its URL is not as the service's must be: %w", s.name, s.said(err))
	}
	return s, nil
}

// shortest is how many characters what is hidden has at least: less tells nothing, and
// would hide what an error is about.
const shortest = 4

// secretsOf are all parts of an address: which of them is a token, each service has its
// own idea of.
func secretsOf(u *url.URL) []string {
	parts := []string{u.Host, u.Path, u.RawQuery, u.Fragment, u.Opaque}
	if u.User != nil {
		password, _ := u.User.Password()
		parts = append(parts, u.User.String(), u.User.Username(), password)
	}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	for _, part := range slices.Clone(parts) {
		parts = append(parts, strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune("/:@,;&=", r) })...)
		parts = append(parts, strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune("/:@,;&=-. ", r) })...)
	}
	parts = append(parts, u.String())
	parts = slices.DeleteFunc(parts, func(part string) bool { return len([]rune(part)) < shortest })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) }) // a whole before its parts
	return slices.Compact(parts)
}

// address matches what the library made of a URL: a request's.
var address = regexp.MustCompile(`"?[A-Za-z][\w+.-]*://[^\s"]*"?`)

// maxSaid is how much of what the library says is shown, in characters.
const maxSaid = 300

// said is an error that says what the library's does, without a part of the URL.
func (s *service) said(err error) error {
	text := address.ReplaceAllString(spawn.Text(err), "***")
	return errors.New(redact.Text(text, maxSaid, s.secrets...))
}
