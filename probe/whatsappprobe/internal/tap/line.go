package tap

import (
	"errors"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
)

// The lines of whatsmeow that are facts, by their formats.
const (
	notEncrypted    = "Failed to encrypt %s for %s: %v"
	notDecrypted    = "Error decrypting message %s from %s: %v"
	handlerWasSlow  = "Node handling took %s for %s"
	handlerIsSlow   = "Node handling is taking long for %s (started %s ago)"
	retryNotHandled = "Failed to handle retry receipt for %s/%s from %s: %v"
	prekeysNotRead  = "Failed to get prekeys to upload: %v"
)

// line tells what one line of the log says.
func (e *ear) line(format string, args []any) {
	switch format {
	case notEncrypted:
		e.notEncrypted(args)
	case notDecrypted:
		if f, is := storeError(args, 2); is {
			f.ID, _ = args[0].(string)
			e.tell(f)
		}
	case retryNotHandled:
		if f, is := storeError(args, 3); is {
			e.tell(f)
		}
	case prekeysNotRead:
		if f, is := storeError(args, 0); is {
			e.tell(f)
		}
	case handlerWasSlow:
		e.slow(args, 0)
	case handlerIsSlow:
		e.slow(args, 1)
	}
}

func (e *ear) slow(args []any, place int) {
	if len(args) > place {
		if took, ok := args[place].(time.Duration); ok {
			e.tell(Fact{Kind: Slow, Took: took})
		}
	}
}

// notEncrypted tells why a device got no copy: the store's fault, or that a phone has
// no session and no keys.
func (e *ear) notEncrypted(args []any) {
	if f, is := storeError(args, 2); is {
		e.tell(f)
		return
	}
	if len(args) != 3 {
		return
	}
	to, ok := args[1].(types.JID)
	err, failed := args[2].(error)
	if ok && failed && to.Device == 0 && errors.Is(err, whatsmeow.ErrNoSession) {
		id, _ := args[0].(string)
		e.tell(Fact{Kind: NoPhone, ID: id, Chat: to.User})
	}
}

// storeError tells whether the argument at a place is an error of a database.
func storeError(args []any, place int) (Fact, bool) {
	if len(args) <= place {
		return Fact{}, false
	}
	err, ok := args[place].(error)
	if !ok || err == nil {
		return Fact{}, false
	}
	f := Fact{Kind: StoreError}
	var sqlite interface {
		error
		Code() int
	}
	var postgres interface {
		error
		SQLState() string
	}
	switch {
	case errors.As(err, &postgres):
		f.Broken = postgres.SQLState() == "53100" || postgres.SQLState() == "25006" // full, read-only
		return f, true
	case errors.As(err, &sqlite):
		switch sqlite.Code() & 0xff {
		case 5, 6: // busy, locked
			return f, true
		case 8, 10, 11, 13, 14, 26: // read-only, I/O, corrupt, full, cannot open, no database
			f.Broken = true
			return f, true
		}
		return Fact{}, false
	}
	return named(err.Error())
}

// named knows the errors of drivers without types by what SQLite calls them.
func named(text string) (Fact, bool) {
	for _, name := range passing {
		if strings.Contains(text, name) {
			return Fact{Kind: StoreError}, true
		}
	}
	for _, name := range lasting {
		if strings.Contains(text, name) {
			return Fact{Kind: StoreError, Broken: true}, true
		}
	}
	return Fact{}, false
}

var (
	passing = []string{"database is locked", "database table is locked"} //nolint:gochecknoglobals // never changed
	lasting = []string{                                                  //nolint:gochecknoglobals // never changed
		"attempt to write a readonly database", "disk I/O error", "database disk image is malformed", "database or disk is full",
		"unable to open database file", "file is not a database",
	}
)
