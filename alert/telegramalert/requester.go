package telegramalert

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// maxBody bounds what is read of an answer. Telegram's have a few hundred bytes.
const maxBody = 1 << 20

var (
	// errBody says that whoever answered is not Telegram.
	errBody = errors.New("the answer is longer than 1 MiB")
	// errOrigin says that the library asks for something of its own.
	errOrigin = errors.New("a request that nobody waits for")
)

// requester makes the requests of the bot's library, and mends what the library
// does not do (v1.19.0):
//
//   - It notes the answer in the request's context: of one that is not JSON the
//     library tells no status, of a missing result it makes an error though the
//     message was sent, and it reads a body of any length.
//   - It reads the request's body first, which the library writes from another
//     goroutine, in chunks: so that goroutine is gone when the request begins,
//     and a connection that turns out to be stale can be replaced by a new one.
//   - It returns no *url.Error: the library writes into that while the other
//     goroutine may read it.
type requester struct {
	client  *http.Client
	secrets []string
}

// noteKey is where the context of a request has its *answer.
type noteKey struct{}

// withNote returns a context whose request will be answered into note.
func withNote(ctx context.Context, note *answer) context.Context {
	return context.WithValue(ctx, noteKey{}, note)
}

// Do implements bot.HttpClient. Why it failed stands in the note too: the
// library puts words of its own before it.
func (q *requester) Do(r *http.Request) (*http.Response, error) {
	note, ok := r.Context().Value(noteKey{}).(*answer)
	if !ok {
		return nil, errOrigin
	}
	response, err := q.do(r, note)
	if err != nil {
		note.failure = redact.Error(err, q.secrets...)
		return nil, note.failure
	}
	return response, nil
}

func (q *requester) do(r *http.Request, note *answer) (*http.Response, error) {
	said, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	way := &exchange.Passage{}
	request, err := http.NewRequestWithContext(way.Traced(r.Context()), r.Method, r.URL.String(), bytes.NewReader(said))
	if err != nil {
		return nil, err
	}
	request.Header = r.Header
	response, err := q.client.Do(request)
	if err != nil {
		note.begun = way.Begun()
		return nil, err
	}
	defer response.Body.Close()
	note.status, note.header = response.StatusCode, response.Header
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxBody:
		return nil, errBody
	}
	note.read(body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
