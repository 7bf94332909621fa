package adminhttp

import (
	"bytes"
	_ "embed" // the description
	"encoding/json"
	"net/http"
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
			write(w, http.StatusOK, "application/json; charset=utf-8", text)
		}
	}
}

// describedAt is the description of the API where the host mounts it.
func describedAt(prefix string) []byte {
	if prefix == "" {
		prefix = "/"
	}
	url, err := json.Marshal(prefix)
	if err != nil {
		return description
	}
	return bytes.Replace(description, []byte(`"`+DefaultPrefix+`"`), url, 1)
}
