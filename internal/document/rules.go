package document

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

var (
	timeType          = reflect.TypeFor[time.Time]()
	numberType        = reflect.TypeFor[json.Number]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	checked           sync.Map //nolint:gochecknoglobals // a cache of what never changes: reflect.Type → error, nil for a good one
)

// check reports why values of type t cannot be kept. The answer for a type
// never changes, so it is worked out once.
func check(t reflect.Type) error {
	if known, ok := checked.Load(t); ok {
		err, _ := known.(error)
		return err
	}
	err := checkType(t, t.String(), map[reflect.Type]bool{})
	checked.Store(t, err)
	return err
}

// checkType judges t, found at where, inside the types above.
func checkType(t reflect.Type, where string, above map[reflect.Type]bool) error {
	switch {
	case t == timeType:
		return nil
	case t.Kind() == reflect.Pointer:
		return checkType(t.Elem(), where, above)
	case t == numberType, marshals(t), marshals(reflect.PointerTo(t)):
		// Only JSON would listen to it.
		return fmt.Errorf("%s: %s marshals itself", where, t)
	case above[t]:
		return fmt.Errorf("%s: %s contains itself", where, t)
	}
	above[t] = true
	defer delete(above, t)
	switch t.Kind() {
	case reflect.Uint, reflect.Uint64, reflect.Uintptr, reflect.Array,
		reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Errorf("%s: %s cannot be stored", where, t)
	case reflect.Slice:
		if isList(t.Elem()) {
			return fmt.Errorf("%s: nested slices cannot be stored", where)
		}
		return checkType(t.Elem(), where+"[]", above)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("%s: map keys must be strings, not %s", where, t.Key())
		}
		return checkType(t.Elem(), where+"[…]", above)
	case reflect.Struct:
		return checkFields(t, where, above, map[string]bool{})
	}
	return nil
}

func marshals(t reflect.Type) bool {
	return t.Implements(marshalerType) || t.Implements(textMarshalerType)
}

// isList reports whether a database would see a list: bytes are a value.
func isList(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Array || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}

// checkFields keeps the names of the fields the same in both encodings: a
// document must read alike in every database. names are those of the document
// that the fields go into, since an embedded struct shares its holder's.
func checkFields(t reflect.Type, where string, above map[reflect.Type]bool, names map[string]bool) error {
	for f := range t.Fields() {
		js, fs, where := f.Tag.Get("json"), f.Tag.Get("firestore"), where+"."+f.Name
		switch {
		case js != fs:
			return fmt.Errorf("%s: json tag %q and firestore tag %q differ", where, js, fs)
		case js == "-":
			continue
		case f.Anonymous && js == "" && f.Type.Kind() == reflect.Struct && f.Type != timeType:
			if marshals(f.Type) || marshals(reflect.PointerTo(f.Type)) {
				return fmt.Errorf("%s: %s marshals itself", where, f.Type)
			}
			if err := checkFields(f.Type, where, above, names); err != nil {
				return err
			}
			continue
		case !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous:
			return fmt.Errorf("%s: only structs can be embedded, and without a name", where)
		}
		if err := checkName(js); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		if names[js] {
			return fmt.Errorf("%s: a second field %q", where, js)
		}
		names[js] = true
		if err := checkType(f.Type, where, above); err != nil {
			return err
		}
	}
	return nil
}

func checkName(tag string) error {
	switch {
	case tag == "":
		return errors.New("no json and firestore tag")
	case strings.Contains(tag, ","):
		return fmt.Errorf("tag %q: options such as omitempty are not allowed", tag)
	}
	return checkMapKey(tag)
}
