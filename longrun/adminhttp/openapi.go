package adminhttp

import (
	"bytes"
	_ "embed" // the description
	"encoding/json"
	"net/http"
	"path"
)

// description is the API in OpenAPI 3.1. It is written by hand; tests hold every
// real reply against it.
//
//go:embed openapi.json
var description []byte

// openAPI answers GET openapi.json. It needs no token: it says nothing that
// cannot be read in the source, and the tools that read it seldom send one.
func openAPI(prefix string) http.HandlerFunc {
	text := describedAt(prefix)
	return func(w http.ResponseWriter, r *http.Request) {
		if noParams(w, r) {
			write(w, r, http.StatusOK, "application/json; charset=utf-8", text)
		}
	}
}

// describedAt is the description of the API where the host mounts it. The server
// in it is relative to the description, so that it is right under a proxy's path
// too.
func describedAt(prefix string) []byte {
	url, err := json.Marshal("../" + path.Base(prefix))
	if prefix == "" {
		url, err = []byte(`"."`), nil
	}
	if err != nil {
		return description
	}
	return bytes.Replace(description, []byte(`"url": "../`+path.Base(DefaultPrefix)+`"`), append([]byte(`"url": `), url...), 1)
}
