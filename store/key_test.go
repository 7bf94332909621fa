package store_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func TestCollectionsHaveAnOddNumberOfSegments(t *testing.T) {
	t.Parallel()
	for path, says := range map[string]string{
		"a":                                   "",
		"wa_metrics/longrun/heartbeats":       "",
		"a/b/c/d/e":                           "",
		"ü/日/👋":                               "",
		"__":                                  "",
		"__x":                                 "",
		"___/x/y":                             "",
		strings.Repeat("x", 500):              "",
		"":                                    "empty segment",
		"/":                                   "2 segments",
		"a/b":                                 "2 segments",
		"a/b/":                                "empty segment",
		"/a/b":                                "empty segment",
		"a//b":                                "empty segment",
		"a/./b":                               "reserved",
		"a/../b":                              "reserved",
		".":                                   "reserved",
		"..":                                  "reserved",
		"____":                                "reserved",
		"__x__/a/b":                           "reserved",
		"a/__id7__/b":                         "reserved",
		"\xff":                                "UTF-8",
		"a/\xc3\x28/b":                        "UTF-8",
		strings.Repeat("x", 501):              "500 bytes",
		"a/b/" + strings.Repeat("é", 251):     "500 bytes",
		"a/b/c/d":                             "4 segments",
		strings.Repeat("/", 100):              "empty segment",
		strings.Repeat("a/", 100) + "a/b/c/d": "segments",
	} {
		requireSays(t, store.ValidateCollection(path), says, path)
	}
}

func TestDocumentsHaveAnEvenNumberOfSegments(t *testing.T) {
	t.Parallel()
	for path, says := range map[string]string{
		"wa_metrics/longrun": "",
		"a/b/c/d":            "",
		"a":                  "1 segments",
		"a/b/c":              "3 segments",
		"":                   "1 segments",
		"a/":                 "empty segment",
		"a/..":               "reserved",
	} {
		requireSays(t, store.ValidateDocument(path), says, path)
	}
}

// requireSays checks that err is ErrInvalid and names what is wrong, or that
// nothing is.
func requireSays(t *testing.T, err error, says, of string) {
	t.Helper()
	if says == "" {
		require.NoError(t, err, "%q", of)
		return
	}
	require.ErrorIs(t, err, store.ErrInvalid, "%q", of)
	require.ErrorContains(t, err, says, "%q", of)
}

func TestIDsAreAnyText(t *testing.T) {
	t.Parallel()
	for id, says := range map[string]string{
		"a/b":                    "",
		".":                      "",
		"..":                     "",
		"__x__":                  "",
		"\x00":                   "",
		strings.Repeat("x", 500): "",
		"":                       "empty document ID",
		strings.Repeat("x", 501): "501 bytes",
		"\xff":                   "UTF-8",
	} {
		requireSays(t, store.Key{Collection: "a", ID: id}.Validate(), says, id)
	}
	requireSays(t, store.Key{Collection: "a/b", ID: "x"}.Validate(), "segments", "")
	require.Equal(t, "a/b/c/x", store.Key{Collection: "a/b/c", ID: "x"}.String())
}

// FuzzValidateCollection compares the rules with what Firestore writes about
// them, told in another way.
func FuzzValidateCollection(f *testing.F) {
	for _, seed := range []string{"", "a", "a/b", "a/b/c", "__x__", "a/./b", "\xff", "/", "____", "___", "a//b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		good, slashes, segment := utf8.ValidString(path), 0, ""
		for _, r := range path + "/" {
			if r != '/' {
				segment += string(r)
				continue
			}
			slashes++
			dunder := strings.HasPrefix(segment, "__") && strings.HasSuffix(strings.TrimPrefix(segment, "__"), "__")
			if segment == "" || segment == "." || segment == ".." || dunder || len(segment) > 500 {
				good = false
			}
			segment = ""
		}
		err := store.ValidateCollection(path)
		if utf8.ValidString(path) {
			require.Equal(t, good && slashes%2 == 1, err == nil, "%q: %v", path, err)
		} else {
			require.Error(t, err)
		}
		if err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
		}
		// A path is a collection or a document, never both, and a document's
		// collection and ID make a key.
		document := store.ValidateDocument(path) == nil
		require.False(t, document && err == nil)
		if document {
			i := strings.LastIndexByte(path, '/')
			key := store.Key{Collection: path[:i], ID: path[i+1:]}
			require.NoError(t, key.Validate())
			require.Equal(t, path, key.String())
		}
	})
}
