package adminhttp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// document is one stored document in a reply: its ID and path, then its fields
// in the order of the struct, with times as {"_seconds","_nanoseconds"}, the
// form in which Firestore's own tools print them.
type document struct {
	id, path string
	value    any    // nil: only ID and path
	err      string // why there is no value
}

// documentOf shows what was read. One that does not decode is shown as such: it
// is there, and hiding it would make the counts lie.
func documentOf[T any](e ledger.Entry[T], mangled bool) document {
	d := document{id: e.Key.ID, path: e.Path(), value: e.Value}
	if mangled {
		d.value, d.err = nil, "the document does not decode"
	}
	return d
}

// MarshalJSON implements json.Marshaler. A value that JSON has no word for, such
// as a number that is none, spoils its own document and not the list.
func (d document) MarshalJSON() ([]byte, error) {
	var fields bytes.Buffer
	if d.value != nil {
		if err := encodeFields(&fields, reflect.ValueOf(d.value)); err != nil {
			fields.Reset()
			d.err = "the document cannot be shown as JSON"
		}
	}
	var b bytes.Buffer
	for _, field := range []struct{ before, text string }{{`{"id":`, d.id}, {`,"path":`, d.path}, {`,"error":`, d.err}} {
		if field.text == "" {
			continue // only an error can be
		}
		b.WriteString(field.before)
		if err := encodePlain(&b, field.text); err != nil {
			return nil, err
		}
	}
	b.Write(fields.Bytes())
	b.WriteByte('}')
	return b.Bytes(), nil
}

// timestamp is a time as Firestore's tools print it.
type timestamp struct {
	Seconds     int64 `json:"_seconds"`
	Nanoseconds int   `json:"_nanoseconds"`
}

func encode(b *bytes.Buffer, v reflect.Value) error {
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		if t.IsZero() {
			b.WriteString("null") // never was
			return nil
		}
		return encodePlain(b, timestamp{Seconds: t.Unix(), Nanoseconds: t.Nanosecond()})
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		return encode(b, v.Elem())
	case reflect.Struct:
		var inner bytes.Buffer
		if err := encodeFields(&inner, v); err != nil {
			return err
		}
		b.WriteByte('{')
		b.Write(bytes.TrimPrefix(inner.Bytes(), []byte(",")))
		b.WriteByte('}')
		return nil
	case reflect.Map:
		return encodeMap(b, v) // {} where it is nil: what is read can be sent back
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	return encodePlain(b, v.Interface())
}

// encodeMap writes a map in the order of its keys, which are texts.
func encodeMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) })
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encodePlain(b, key.String()); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encode(b, v.MapIndex(key)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// encodeFields writes each field behind a comma.
func encodeFields(b *bytes.Buffer, v reflect.Value) error {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if name == "" || name == "-" {
			continue
		}
		b.WriteByte(',')
		if err := encodePlain(b, name); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encode(b, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func encodePlain(b *bytes.Buffer, v any) error {
	data, err := json.Marshal(v)
	b.Write(data)
	return err
}
