package document

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Full returns v with an empty list or map in the place of each that is nil, however
// deep: a list in JSON is a list, also where nothing is in it, and whoever reads it
// need not ask. Bytes, and types that write their own JSON, stay as they are. v itself
// is not changed.
func Full[T any](v T) T {
	in := reflect.ValueOf(&v).Elem()
	if !mayLack(in.Type(), nil) {
		return v
	}
	var out T
	reflect.ValueOf(&out).Elem().Set(full(in))
	return out
}

func full(v reflect.Value) reflect.Value {
	t := v.Type()
	if isOpaque(t) || !mayLack(t, nil) {
		return v
	}
	out := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.New(t.Elem()))
		out.Elem().Set(full(v.Elem()))
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out.Set(full(v.Elem()))
	case reflect.Struct:
		out.Set(v)
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				out.Field(i).Set(full(v.Field(i)))
			}
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(t, v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(full(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(t, v.Len()))
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), full(it.Value()))
		}
	default:
		return v
	}
	return out
}

// isOpaque reports whether values of t are not looked into.
func isOpaque(t reflect.Type) bool {
	marshaler := reflect.TypeFor[json.Marshaler]()
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// mayLack reports whether a value of t may hold a list or a map, or what does; within
// are the structs that t lies in.
func mayLack(t reflect.Type, within []reflect.Type) bool {
	if isOpaque(t) {
		return false
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface:
		return true
	case reflect.Pointer:
		return mayLack(t.Elem(), within)
	case reflect.Struct:
		if slices.Contains(within, t) {
			return false
		}
		for field := range t.Fields() {
			if field.IsExported() && mayLack(field.Type, append(within, t)) {
				return true
			}
		}
	}
	return false
}
