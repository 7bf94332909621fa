package adminhttp

import (
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
)

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

// Replies are all that the API answers beside documents, with nothing in it.
func Replies() []any {
	return []any{
		statusReply{Status: statusBody{LastHeartbeat: &beatBody{}}},
		coverageReply{},
		reportReply{},
		indexReply{},
		configReply{Config: reply.Document{ID: "current"}},
		reply.One{Name: "probe", Document: reply.Document{ID: "id"}},
		reply.List{},
		reply.Failure{},
	}
}

// Description returns the API's description as it lies in the source.
func Description() []byte { return description }
