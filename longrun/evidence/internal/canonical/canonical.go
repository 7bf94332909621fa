// Package canonical writes documents as the one line of JSON that their hash is
// of, so that any language can make it again.
//
// It does not read them, and two documents with one text need not be the same Go
// value: what is empty is left out.
//
// # The text
//
// Members stand in ascending order of their names' bytes, without spaces. Times are
// RFC 3339 in UTC, cut to microseconds, without zeros at the end of the fraction.
// Strings are as RFC 8785 has them: what is no UTF-8 becomes U+FFFD, and nothing is
// escaped but what must be. Numbers are too, but whole ones, which are written out.
// No member is null, false, 0, "", [], {} or a time that is not set; elements of
// lists stay as they are. So a nil list and an empty one, a field that is absent and
// one that a later version knows, change nothing.
package canonical

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Append appends the text of a document: a struct whose fields have json names.
func Append(b []byte, document any) []byte { return appendValue(b, reflect.ValueOf(document)) }

var timeType = reflect.TypeFor[time.Time]()

// layout is the spelling of a time.
const layout = "2006-01-02T15:04:05.999999Z"

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return appendValue(b, v.Elem())
		}
	case reflect.Struct:
		if v.Type() == timeType {
			t, _ := reflect.TypeAssert[time.Time](v) // it is one
			return append(t.UTC().AppendFormat(append(b, '"'), layout), '"')
		}
		return appendStruct(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.Slice, reflect.Array:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i))
		}
		return append(b, ']')
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v.Float())
	default: // no document has any other
	}
	return append(b, "null"...)
}

// appendMember appends a member, unless its value is empty.
func appendMember(b []byte, name string, v reflect.Value) []byte {
	before := len(b)
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(appendString(b, name), ':')
	value := len(b)
	if isZeroTime(v) {
		return b[:before]
	}
	b = appendValue(b, v)
	switch string(b[value:]) {
	case "null", "false", "0", `""`, "[]", "{}":
		return b[:before]
	}
	return b
}

func isZeroTime(v reflect.Value) bool {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	t, is := reflect.TypeAssert[time.Time](v)
	return is && t.IsZero()
}

func appendStruct(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for _, f := range fieldsOf(v.Type()) {
		b = appendMember(b, f.name, v.Field(f.index))
	}
	return append(b, '}')
}

func appendMap(b []byte, v reflect.Value) []byte {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for _, key := range keys {
		b = appendMember(b, key.String(), v.MapIndex(key))
	}
	return append(b, '}')
}

type field struct {
	name  string
	index int
}

var known sync.Map //nolint:gochecknoglobals // a cache, by type

func fieldsOf(t reflect.Type) []field {
	if fields, ok := known.Load(t); ok {
		known, _ := fields.([]field) // nothing else is kept
		return known
	}
	var fields []field
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields = append(fields, field{name, i})
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return cmp.Compare(a.name, b.name) })
	known.Store(t, fields)
	return fields
}

// appendFloat writes a number as ECMAScript does. What is none is null, as there.
func appendFloat(b []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case f == 0:
		return append(b, '0') // a database may lose the sign of minus zero
	case size < 1e-6 || size >= 1e21:
		b = strconv.AppendFloat(b, f, 'e', -1, 64)
		// e-09 is written e-9.
		if n := len(b); b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
			b[n-2] = b[n-1]
			b = b[:n-1]
		}
		return b
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

const hexDigits = "0123456789abcdef"

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			if r < ' ' {
				b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
				continue
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
