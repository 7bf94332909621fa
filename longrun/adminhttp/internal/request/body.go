package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
)

// maxBody bounds what a caller may send: the settings are a few hundred bytes.
const maxBody = 64 << 10

// Received waits for a request's body before next has it, or answers why it did
// not come: nothing that others wait for is held meanwhile.
func Received(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil {
			unhurried(w)
			r.Body = io.NopCloser(bytes.NewReader(body))
			next(w, r)
			return
		}
		w.Header().Set("Connection", "close") // the rest of it is not waited for
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			reply.Fail(w, r, http.StatusRequestTimeout, "", "the body did not come in time")
		} else if _, large := errors.AsType[*http.MaxBytesError](err); large {
			reply.Fail(w, r, http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the body has more than %d bytes", maxBody))
		} else {
			reply.Fail(w, r, http.StatusBadRequest, "", "the body could not be read")
		}
	}
}

// Fields reads a received body that is a JSON object, or answers with what is
// wrong with it.
func Fields(w http.ResponseWriter, r *http.Request) (fields map[string]json.RawMessage, ok bool) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		reply.Fail(w, r, http.StatusBadRequest, "", "the body could not be read")
	case len(bytes.TrimSpace(body)) == 0:
		reply.Fail(w, r, http.StatusBadRequest, "", "the body is empty; send a JSON object")
	default:
		err := json.Unmarshal(body, &fields)
		if err == nil && fields != nil {
			return fields, true
		}
		message := "the body is no JSON object"
		if _, syntax := errors.AsType[*json.SyntaxError](err); syntax {
			message += ": " + err.Error()
		}
		reply.Fail(w, r, http.StatusBadRequest, "", message)
	}
	return nil, false
}

// fieldNames are the JSON names of a struct's fields.
func fieldNames(v any) []string {
	var names []string
	for f := range reflect.TypeOf(v).Elem().Fields() {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}

// SetField sets the field of the struct that v points to which has that name.
// Unlike encoding/json it does not pass over capitals: what was written under
// another name is told.
func SetField(v any, name string, value json.RawMessage, bad *Errors) {
	if known := fieldNames(v); !slices.Contains(known, name) {
		bad.Add(name, fmt.Sprintf("is not known; known are %v", known))
		return
	}
	object, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil {
		bad.Add(name, "is no JSON value")
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		bad.Add(name, decodeMessage(name, err))
	}
}

// decodeMessage says why a value does not fit into the field name, in the words
// of JSON and not of Go.
func decodeMessage(name string, err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := ""
		if below, nested := strings.CutPrefix(wrong.Field, name+"."); nested {
			where = below + " "
		}
		return fmt.Sprintf("%sis a %s, and should be %s", where, wrong.Value, kindName(wrong.Type))
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok || strings.Contains(err.Error(), "Time.UnmarshalJSON") {
		return "is no time, such as 2025-12-29T22:14:29Z"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "a text"
}

// unhurried ends the hurry that a body was under, when it has come.
func unhurried(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // where that cannot be, the host's server has to
}
