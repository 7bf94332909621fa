package request

import (
	"net/http"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
)

// FieldError is a bad value of one parameter or field; an empty field is the
// whole.
type FieldError struct{ Field, Message string }

func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Errors are all that is wrong with a request; none is a good one.
type Errors []FieldError

// Field names the first of them.
func (e Errors) Field() string {
	if len(e) == 0 {
		return ""
	}
	return e[0].Field
}

func (e Errors) Error() string {
	all := make([]string, len(e))
	for i, one := range e {
		all[i] = one.Error()
	}
	return strings.Join(all, "; ")
}

// Add notes what is wrong with a field.
func (e *Errors) Add(field, message string) { *e = append(*e, FieldError{field, message}) }

// Refuse answers for a request that makes no sense.
func Refuse(w http.ResponseWriter, r *http.Request, bad Errors) {
	reply.Fail(w, r, http.StatusBadRequest, bad.Field(), bad.Error())
}

// Named are the errors of a Validate method, each of which begins with the name
// of its field.
func Named(err error) (bad Errors) {
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		field, message, _ := strings.Cut(strings.TrimSpace(line), " ")
		bad.Add(field, message)
	}
	return bad
}
