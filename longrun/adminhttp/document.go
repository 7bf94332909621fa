package adminhttp

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"
)

// document is one stored document in a reply: its ID and path, then its fields
// in the order of the struct, with times as {"_seconds","_nanoseconds"}, the
// form in which Firestore's own tools print them.
type document struct {
	id, path string
	value    any   // nil: only ID and path
	err      error // why there is no value
}

// MarshalJSON implements json.Marshaler.
func (d document) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"id":`)
	if err := encode(&b, reflect.ValueOf(d.id)); err != nil {
		return nil, err
	}
	b.WriteString(`,"path":`)
	if err := encode(&b, reflect.ValueOf(d.path)); err != nil {
		return nil, err
	}
	if d.err != nil {
		b.WriteString(`,"error":`)
		if err := encode(&b, reflect.ValueOf(d.err.Error())); err != nil {
			return nil, err
		}
	}
	if d.value != nil {
		if err := encodeFields(&b, reflect.ValueOf(d.value)); err != nil {
			return nil, err
		}
	}
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
		if v.IsNil() {
			b.WriteString("{}") // what is read can be sent back
			return nil
		}
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
