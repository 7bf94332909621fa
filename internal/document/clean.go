package document

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth is how deep Firestore lets maps lie within each other. It also ends
// the walk through a value that contains itself.
const maxDepth = 20

// flaw is an error that grows its place on the way out: ".labels[2].name".
type flaw struct {
	where string
	what  error
}

func (f *flaw) Error() string { return f.where + ": " + f.what.Error() }

func (f *flaw) Unwrap() error { return f.what }

func flawed(format string, args ...any) error { return &flaw{what: fmt.Errorf(format, args...)} }

func within(step string, err error) error {
	if f, ok := errors.AsType[*flaw](err); ok {
		f.where = step + f.where
	}
	return err
}

// clean returns a copy of v with its times cut, and no list or map that is null, and
// checks what the type alone
// does not tell. v's type has passed check.
func clean(v reflect.Value, depth int) (reflect.Value, error) {
	if depth > maxDepth {
		return v, flawed("more than %d levels deep", maxDepth)
	}
	if v.Type() == timeType {
		t, _ := reflect.TypeAssert[time.Time](v)
		return reflect.ValueOf(t.UTC().Truncate(time.Microsecond)), checkYear(t.UTC())
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return v, flawed("text that is not UTF-8")
		}
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return v, flawed("%v is no number that JSON has", v.Float())
		}
	case reflect.Pointer:
		return cleanPointer(v, depth)
	case reflect.Interface:
		return cleanInterface(v, depth)
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		return out, cleanFields(v, out, depth)
	case reflect.Slice:
		return cleanSlice(v, depth)
	case reflect.Map:
		return cleanMap(v, depth)
	}
	return v, nil
}

// checkYear keeps to the years that RFC 3339 and Firestore can write.
func checkYear(t time.Time) error {
	if y := t.Year(); y < 1 || y > 9999 {
		return flawed("year %d is not between 1 and 9999", y)
	}
	return nil
}

func cleanPointer(v reflect.Value, depth int) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	elem, err := clean(v.Elem(), depth)
	if err != nil {
		return v, err
	}
	out := reflect.New(v.Type().Elem())
	out.Elem().Set(elem)
	return out, nil
}

// cleanInterface also checks the type of what v holds: it is known only now.
func cleanInterface(v reflect.Value, depth int) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	if err := check(v.Elem().Type()); err != nil {
		return v, &flaw{what: err}
	}
	return clean(v.Elem(), depth)
}

// cleanFields fills out, a zero value of v's type. What is not stored is left
// out: unexported fields, and those named "-".
func cleanFields(v, out reflect.Value, depth int) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Tag.Get("json") == "-":
		case f.Anonymous:
			if err := cleanFields(v.Field(i), out.Field(i), depth); err != nil {
				return err
			}
		case f.IsExported():
			elem, err := clean(v.Field(i), depth+1)
			if err != nil {
				return within("."+f.Name, err)
			}
			if elem.Kind() != reflect.Interface || !elem.IsNil() {
				out.Field(i).Set(elem)
			}
		}
	}
	return nil
}

func cleanSlice(v reflect.Value, depth int) (reflect.Value, error) {
	plain := isPlain(v.Type().Elem())
	switch {
	case v.IsNil() && plain && v.Type().Elem().Kind() == reflect.Uint8:
		return v, nil // bytes are no list
	case v.IsNil():
		return reflect.MakeSlice(v.Type(), 0, 0), nil // a list is a list, also where it is empty
	case plain:
		return v, nil
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		elem, err := clean(v.Index(i), depth+1)
		if err == nil && v.Index(i).Kind() == reflect.Interface && isList(elem.Type()) {
			err = flawed("nested slices cannot be stored")
		}
		if err != nil {
			return v, within("["+strconv.Itoa(i)+"]", err)
		}
		out.Index(i).Set(elem)
	}
	return out, nil
}

func cleanMap(v reflect.Value, depth int) (reflect.Value, error) {
	if v.IsNil() {
		return reflect.MakeMap(v.Type()), nil
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		step := fmt.Sprintf("[%q]", it.Key().String())
		if err := checkMapKey(it.Key().String()); err != nil {
			return v, within(step, &flaw{what: err})
		}
		elem, err := clean(it.Value(), depth+1)
		if err != nil {
			return v, within(step, err)
		}
		out.SetMapIndex(it.Key(), elem)
	}
	return out, nil
}

// isPlain reports whether values of type t need neither check nor copy.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return true
	}
	return false
}

// checkMapKey refuses the field names that Firestore reserves.
func checkMapKey(name string) error {
	switch {
	case name == "":
		return errors.New("an empty field name")
	case !utf8.ValidString(name):
		return fmt.Errorf("field name %q is not UTF-8", name)
	case len(name) >= 4 && strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__"):
		return fmt.Errorf("field name %q is reserved", name)
	}
	return nil
}
