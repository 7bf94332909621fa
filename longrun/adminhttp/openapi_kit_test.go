package adminhttp_test

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// described is the description of the API, against which every reply of these
// tests is held.
var described = readDescription(adminhttp.Description())

// apiDescription is an OpenAPI document and the schemas in it, made strict: what
// an object does not name, it must not have.
type apiDescription struct {
	document map[string]any
	paths    *http.ServeMux // finds the operation of a request

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	seen     map[string]bool // the replies that were checked, as reply.String
}

func readDescription(text []byte) *apiDescription {
	d := &apiDescription{paths: http.NewServeMux(), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}}
	// A second copy, whose objects are closed and whose numbers are kept exact.
	closed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = json.Unmarshal(text, &d.document)
	}
	if err == nil {
		closeObjects(closed)
		d.compiler.AssertFormat()
		err = d.compiler.AddResource("openapi.json", closed)
	}
	if err != nil {
		panic(err)
	}
	for path, item := range object(d.document["paths"]) {
		pattern := path
		if path == "/" {
			pattern = "/{$}"
		}
		for method := range object(item) {
			d.paths.HandleFunc(strings.ToUpper(method)+" "+adminhttp.DefaultPrefix+pattern, http.NotFound)
		}
	}
	return d
}

// closeObjects lets every schema that names properties have no others.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, named := v["properties"].(map[string]any); named && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, below := range v {
			closeObjects(below)
		}
	case []any:
		for _, below := range v {
			closeObjects(below)
		}
	}
}

// operation is one method of one path of the description.
type operation struct {
	method, path string
	content      map[string]any
}

// at is a place in the description, as a JSON pointer.
func at(steps ...string) string {
	var b strings.Builder
	b.WriteString("openapi.json#")
	for _, step := range steps {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(step))
	}
	return b.String()
}

func (d *apiDescription) schema(t *testing.T, place string) *jsonschema.Schema {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.schemas[place]; s != nil {
		return s
	}
	s, err := d.compiler.Compile(place)
	require.NoError(t, err)
	d.schemas[place] = s
	return s
}

// find returns the operation that a request asks for.
func (d *apiDescription) find(r *http.Request) (operation, bool) {
	_, pattern := d.paths.Handler(r)
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		return operation{}, false
	}
	path = strings.TrimSuffix(strings.TrimPrefix(path, adminhttp.DefaultPrefix), "{$}")
	method = strings.ToLower(method)
	return operation{method, path, object(object(object(d.document["paths"])[path])[method])}, true
}

// response returns where the reply of a status and content type is described.
func (d *apiDescription) response(o operation, status int, mediaType string) (place string, ok bool) {
	code := strconv.Itoa(status)
	response := object(object(o.content["responses"])[code])
	steps := []string{"paths", o.path, o.method, "responses", code}
	if ref, shared := response["$ref"].(string); shared {
		name := strings.TrimPrefix(ref, "#/components/responses/")
		response = object(object(object(d.document["components"])["responses"])[name])
		steps = []string{"components", "responses", name}
	}
	_, ok = object(response["content"])[mediaType]
	return at(append(steps, "content", mediaType, "schema")...), ok
}

// replyName names a reply, such as "GET /heartbeats 200 application/json".
func replyName(method, path, status, mediaType string) string {
	return strings.Join([]string{strings.ToUpper(method), path, status, mediaType}, " ")
}

// replies returns the names of all that are described.
func (d *apiDescription) replies() []string {
	var all []string
	for path, item := range object(d.document["paths"]) {
		for method, o := range object(item) {
			for status, response := range object(object(o)["responses"]) {
				if ref, shared := object(response)["$ref"].(string); shared {
					response = object(object(d.document["components"])["responses"])[strings.TrimPrefix(ref, "#/components/responses/")]
				}
				for mediaType := range object(object(response)["content"]) {
					all = append(all, replyName(method, path, status, mediaType))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// check holds a reply, and the body of a request that was taken, against the
// description.
func (d *apiDescription) check(t *testing.T, r *http.Request, sent string, a answer) {
	t.Helper()
	mediaType, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	require.NoError(t, err)
	place := at("components", "schemas", "Error")
	if a.status >= http.StatusBadRequest && mediaType == "text/html" {
		return // what a browser gets; its own tests look at it
	}
	if o, found := d.find(r); found {
		var ok bool
		place, ok = d.response(o, a.status, mediaType)
		require.True(t, ok, "%s %s: a reply of %d as %s is not described: %s", o.method, o.path, a.status, mediaType, a.body)
		d.mu.Lock()
		d.seen[replyName(o.method, o.path, strconv.Itoa(a.status), mediaType)] = true
		d.mu.Unlock()
		if sent != "" && a.status < 300 && o.content["requestBody"] != nil {
			d.validate(t, at("paths", o.path, o.method, "requestBody", "content", "application/json", "schema"), []byte(sent))
		}
	} else {
		if a.status == http.StatusFound {
			return // to the index
		}
		require.Contains(t, []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusMethodNotAllowed, http.StatusUnauthorized, http.StatusForbidden}, a.status)
	}
	switch {
	case r.Method == http.MethodHead:
		require.Empty(t, a.body)
	case mediaType == "application/json":
		d.validate(t, place, a.body)
	default:
		require.NotEmpty(t, a.body)
	}
}

func (d *apiDescription) validate(t *testing.T, place string, text []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err, "%s", text)
	require.NoError(t, d.schema(t, place).Validate(value), "%s is not as %s says", text, place)
}
