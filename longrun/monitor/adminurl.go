package monitor

import (
	"errors"
	"net/url"
)

// validateAdminURL checks what messages link to.
func validateAdminURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is no URL") // its text may hold a secret
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("is no URL that begins with http:// or https:// and a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery:
		return errors.New("has a user or a query: messages must not carry secrets")
	}
	return nil
}
