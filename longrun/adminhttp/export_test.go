package adminhttp

// Route is one method of one endpoint, as tests see it.
type Route struct {
	Method, Path string
	Open         bool
}

// Routes returns all that New mounts.
func Routes() []Route {
	var out []Route
	for _, r := range (&handler{}).routes() {
		out = append(out, Route{r.method, r.path, r.open})
	}
	return out
}

// Description returns the API's description as it lies in the source.
func Description() []byte { return description }
