package store

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxIDBytes leaves room for an escaped ID within the 1,500 bytes that
// Firestore allows one, at three bytes for each.
const maxIDBytes = 500

// Key names one document: the full path of its collection, and its ID there.
type Key struct {
	// Collection is an odd number of segments joined by slashes, such as
	// "wa_metrics/longrun/heartbeats".
	Collection string
	// ID is any non-empty UTF-8 text of at most 500 bytes. Stores escape what
	// their database reserves.
	ID string
}

// String returns the document's path, collection and ID joined by a slash.
func (k Key) String() string { return k.Collection + "/" + k.ID }

// Validate reports what is wrong with the key, wrapping ErrInvalid.
func (k Key) Validate() error {
	if err := ValidateCollection(k.Collection); err != nil {
		return err
	}
	switch {
	case k.ID == "":
		return fmt.Errorf("%w: empty document ID in %s", ErrInvalid, k.Collection)
	case len(k.ID) > maxIDBytes:
		return fmt.Errorf("%w: document ID of %d bytes in %s, at most %d are allowed", ErrInvalid, len(k.ID), k.Collection, maxIDBytes)
	case !utf8.ValidString(k.ID):
		return fmt.Errorf("%w: document ID %q in %s is not UTF-8", ErrInvalid, k.ID, k.Collection)
	}
	return nil
}

// ValidateCollection reports what is wrong with a collection's path, wrapping
// ErrInvalid. The rules are Firestore's, so that a path that works in one store
// works in all: an odd number of non-empty segments, none of them ".", ".." or
// of the form "__x__".
func ValidateCollection(path string) error {
	segments := strings.Split(path, "/")
	if len(segments)%2 == 0 {
		return fmt.Errorf("%w: collection %q has %d segments, an odd number is needed", ErrInvalid, path, len(segments))
	}
	return validateSegments("collection", path, segments)
}

// ValidateDocument reports what is wrong with a document's path, such as the
// root under which collections lie, wrapping ErrInvalid: an even number of
// segments, each as in ValidateCollection.
func ValidateDocument(path string) error {
	segments := strings.Split(path, "/")
	if len(segments)%2 == 1 {
		return fmt.Errorf("%w: document %q has %d segments, an even number is needed, such as wa_metrics/longrun", ErrInvalid, path, len(segments))
	}
	return validateSegments("document", path, segments)
}

func validateSegments(kind, path string, segments []string) error {
	for _, s := range segments {
		switch {
		case s == "":
			return fmt.Errorf("%w: %s %q has an empty segment", ErrInvalid, kind, path)
		case len(s) > maxIDBytes:
			return fmt.Errorf("%w: %s %q has a segment of more than %d bytes", ErrInvalid, kind, path, maxIDBytes)
		case !utf8.ValidString(s):
			return fmt.Errorf("%w: %s %q is not UTF-8", ErrInvalid, kind, path)
		case s == ".", s == "..", len(s) >= 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__"):
			return fmt.Errorf("%w: %s %q has the reserved segment %q", ErrInvalid, kind, path, s)
		}
	}
	return nil
}
