// Package document turns values into JSON documents and back, for the stores
// that keep text, and holds the rules that package store states for values, so
// that a value which one database could not keep is refused by all.
//
// It does not keep the types of what is decoded into an interface: there a
// number is a float64 and a time is its RFC 3339 text. Whoever needs types
// decodes into a struct.
package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// MaxBytes is Firestore's limit for one document, kept by every store. Here it
// is measured on the JSON text, which is within a few per cent of how Firestore
// counts.
const MaxBytes = 1 << 20

// TimeField is the name of the field by which stores order documents.
const TimeField = "ts"

// Clean checks value and returns a copy of it in which every time is in UTC and
// cut to microseconds, the finest that all databases keep. A pointer to a
// document becomes the document. at is the document's own time, zero where it
// has none. Every error wraps store.ErrInvalid and names the field.
func Clean(value any) (clean any, at time.Time, err error) {
	v, at, err := cleanValue(value)
	if err != nil {
		return nil, time.Time{}, err
	}
	return v.Interface(), at, nil
}

// Encode is Clean, and turns the result into JSON. Every error wraps
// store.ErrInvalid.
func Encode(value any) (data []byte, at time.Time, err error) {
	v, at, err := cleanValue(value)
	if err != nil {
		return nil, time.Time{}, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // documents are read in consoles, not in pages
	if err := enc.Encode(v.Interface()); err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: encode %s: %w", store.ErrInvalid, v.Type(), err)
	}
	data = bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	if len(data) > MaxBytes {
		return nil, time.Time{}, fmt.Errorf("%w: document of %d bytes, at most %d are allowed", store.ErrInvalid, len(data), MaxBytes)
	}
	return data, at, nil
}

func cleanValue(value any) (reflect.Value, time.Time, error) {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Map && (v.Kind() != reflect.Struct || v.Type() == timeType) {
		return v, time.Time{}, fmt.Errorf("%w: a document is a struct or a map, not %T", store.ErrInvalid, value)
	}
	if err := check(v.Type()); err != nil {
		return v, time.Time{}, fmt.Errorf("%w: %w", store.ErrInvalid, err)
	}
	if v.Kind() == reflect.Map && v.IsNil() {
		v = reflect.MakeMap(v.Type()) // a document without fields, not "null"
	}
	v, err := clean(v, 0)
	if err != nil {
		return v, time.Time{}, fmt.Errorf("%w: %s%w", store.ErrInvalid, v.Type(), err)
	}
	return v, timeOf(v), nil
}

// timeOf finds the document's own time: its top-level field "ts", when that is
// a time.
func timeOf(v reflect.Value) time.Time {
	var field reflect.Value
	if v.Kind() == reflect.Map {
		field = v.MapIndex(reflect.ValueOf(TimeField).Convert(v.Type().Key()))
	} else {
		if place := timePlace(v.Type()); place != nil {
			field = v.FieldByIndex(place)
		}
	}
	for field.IsValid() && (field.Kind() == reflect.Interface || field.Kind() == reflect.Pointer) {
		field = field.Elem()
	}
	if !field.IsValid() || field.Type() != timeType {
		return time.Time{}
	}
	t, _ := reflect.TypeAssert[time.Time](field)
	return t
}

// timePlaces remembers timePlace: to find a field anew takes longer than all else that
// is done with a document.
var timePlaces sync.Map //nolint:gochecknoglobals // of reflect.Type and []int: types do not change

// timePlace is where a struct type has its field "ts", nil without one.
func timePlace(t reflect.Type) []int {
	if known, ok := timePlaces.Load(t); ok {
		place, _ := known.([]int)
		return place
	}
	var place []int
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && f.Tag.Get("json") == TimeField {
			place = f.Index
			break
		}
	}
	timePlaces.Store(t, place)
	return place
}
