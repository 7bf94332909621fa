package spawn

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxText bounds every text that comes from foreign code, in bytes.
const maxText = 2 << 10

// ellipsis ends a text that was cut.
const ellipsis = "…"

// Text is the text of an error that foreign code made, empty for nil. It never
// panics, whatever the error's own Error does, and is valid UTF-8 of at most
// 2 KB. An Error that hangs or calls runtime.Goexit must be called in a
// goroutine of this package: see Plain.
func Text(err error) string {
	if err == nil {
		return ""
	}
	return text(err)
}

// text is what a value says of itself. Values that are neither a text nor an
// error nor a number are only named: to print a cyclic one overflows the stack,
// which nothing survives.
func text(v any) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("(value of type %s cannot be printed)", typeOf(v))
		}
	}()
	switch v := v.(type) {
	case string:
		return clean(v)
	case error:
		return clean(v.Error())
	case fmt.Stringer:
		return clean(v.String())
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return clean(r.String())
	case reflect.Bool, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprint(r)
	default:
		return fmt.Sprintf("(value of type %s)", typeOf(v))
	}
}

// typeOf names a type. Those of struct literals can be of any length.
func typeOf(v any) string { return clean(fmt.Sprintf("%T", v)) }

// clean cuts first, so that a text of 10 MB costs no more than any other, and
// holds on to nothing of what was cut.
func clean(s string) string {
	if len(s) > maxText {
		end := maxText - len(ellipsis)
		for i := 0; i < utf8.UTFMax-1 && !utf8.RuneStart(s[end]); i++ {
			end--
		}
		s = strings.Clone(s[:end]) + ellipsis
	}
	if utf8.ValidString(s) {
		return s
	}
	// One byte for each bad one, so that it does not grow again.
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}
