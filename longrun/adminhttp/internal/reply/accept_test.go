package reply_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
)

func TestTheMostSpecificRangeSaysHowMuchAFormIsLiked(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                                   reply.AsJSON,
		"*/*":                                reply.AsJSON,
		"text/*":                             reply.AsMarkdown,
		"text/html":                          reply.AsHTML,
		"text/html;q=0.2, */*;q=0.1":         reply.AsHTML,
		"text/*;q=0.9, text/markdown;q=0":    reply.AsHTML,
		"application/json;q=2, text/html":    reply.AsHTML, // a weight above 1 is none
		"no range at all, text/markdown;q=1": reply.AsMarkdown,
	} {
		format, ok := reply.Negotiate([]string{header})
		require.True(t, ok, header)
		require.Equal(t, want, format, header)
	}
	_, ok := reply.Negotiate([]string{"image/png"})
	require.False(t, ok)
}
