package request_test

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/request"
	"github.com/seed-13dc028d/longwatch/store"
)

func TestACursorComesBackAsItWasGiven(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2025, 12, 29, 22, 14, 29, 123_456_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		want := store.Cursor{At: at, ID: `a "name" of 7 ☂`}
		query := url.Values{"cursor": {request.CursorText(want)}}.Encode()
		p := request.NewParams(httptest.NewRequest("GET", "/?"+query, nil), request.PageParams()...)
		page := p.Page(time.Now())
		require.Empty(t, p.Bad)
		require.Equal(t, want, page.After)
		require.True(t, page.Desc)
	}
}

func TestAllThatIsWrongWithAPageIsTold(t *testing.T) {
	t.Parallel()
	p := request.NewParams(httptest.NewRequest("GET", "/?limit=0&from=2025-12-30&to=2025-12-29&cursor=x&what=1", nil), request.PageParams()...)
	p.Page(time.Now())
	fields := make([]string, len(p.Bad))
	for i, bad := range p.Bad {
		fields[i] = bad.Field
	}
	require.ElementsMatch(t, []string{"limit", "to", "cursor", "what"}, fields)
}
