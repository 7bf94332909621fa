package adminhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// nullLists names the lists and maps of a type that are null, or missing, in its JSON.
func nullLists(t reflect.Type, value any, path string) (bad []string) {
	for t.Kind() == reflect.Pointer {
		if value == nil {
			return nil // what is not there
		}
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice:
		elements, ok := value.([]any)
		if !ok {
			return []string{path}
		}
		for i, e := range elements {
			bad = append(bad, nullLists(t.Elem(), e, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case reflect.Map:
		members, ok := value.(map[string]any)
		if !ok {
			return []string{path}
		}
		for key, e := range members {
			bad = append(bad, nullLists(t.Elem(), e, path+"."+key)...)
		}
	case reflect.Struct:
		members, ok := value.(map[string]any)
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if ok && f.IsExported() && name != "" && name != "-" {
				bad = append(bad, nullLists(f.Type, members[name], path+"."+name)...)
			}
		}
	}
	return bad
}

// element returns a value of the type with one element in each list, and in the lists
// of that, so many deep: the last ones have nothing in them.
func element(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	if depth == 0 || t == reflect.TypeFor[time.Time]() {
		return v
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(element(t.Elem(), depth))
	case reflect.Slice:
		v.Set(reflect.Append(v, element(t.Elem(), depth-1)))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(reflect.ValueOf("key").Convert(t.Key()), element(t.Elem(), depth-1))
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() {
				v.FieldByIndex(f.Index).Set(element(f.Type, depth))
			}
		}
	}
	return v
}

// In no document that is stored and in no reply is a list null: not in those that hold
// nothing, and not in the elements of those that do.
func TestNoListIsNull(t *testing.T) {
	t.Parallel()
	read := func(text string) (value any) {
		require.NoError(t, json.Unmarshal([]byte(text), &value), "%s", text)
		return value
	}
	answered := func(body any) string {
		w := httptest.NewRecorder()
		reply.JSON(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), http.StatusOK, body)
		require.Equal(t, http.StatusOK, w.Code)
		return w.Body.String()
	}
	stored := []any{
		longrun.Heartbeat{},
		longrun.Run{},
		longrun.Settings{},
		longrun.Probe{},
		longrun.Incident{},
		longrun.Notice{},
		longrun.Silence{},
		longrun.Rollup{},
		rules.State{},
		evidence.Batch{},
	}
	for _, zero := range stored {
		for depth := range 3 {
			v := element(reflect.TypeOf(zero), depth)
			text, _, err := document.Encode(v.Interface())
			require.NoError(t, err)
			require.Empty(t, nullLists(v.Type(), read(string(text)), v.Type().Name()), "stored")
			require.Empty(t, nullLists(v.Type(), read(answered(reply.Document{ID: "id", Path: "path", Value: v.Interface()})), v.Type().Name()), "answered")
		}
	}
	for _, zero := range slices.Concat(adminhttp.Replies(), []any{coverage.Summary{}, longrun.Coverage{}, report.Report{}, verify.Outcome{}}) {
		if _, own := zero.(json.Marshaler); own {
			require.NotContains(t, answered(zero), "null")
			continue
		}
		require.Empty(t, nullLists(reflect.TypeOf(zero), read(answered(zero)), ""))
		for depth := range 3 {
			v := element(reflect.TypeOf(zero), depth+1)
			require.Empty(t, nullLists(v.Type(), read(answered(v.Interface())), v.Type().Name()))
		}
	}
	var b strings.Builder
	require.NoError(t, verify.Outcome{}.WriteJSON(&b))
	require.Empty(t, nullLists(reflect.TypeFor[verify.Outcome](), read(b.String()), "Outcome"))
	text, err := report.Report{}.JSON()
	require.NoError(t, err)
	require.Empty(t, nullLists(reflect.TypeFor[report.Report](), read(string(text)), "Report"))
}
