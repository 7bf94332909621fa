package witnesshttp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

// Path is where a witness answers, below the prefix that logs know it by.
const Path = "/add-checkpoint"

// sizeType is the media type of the size in a conflict's answer.
const sizeType = "text/x.tlog.size"

const (
	// bodyTime is how long a request may take to come, and workTime how long the
	// witness may work for it.
	bodyTime = 10 * time.Second
	workTime = 10 * time.Second
)

// HandlerOptions bound what callers can take of the process. The zero value has all
// defaults.
type HandlerOptions struct {
	// AtOnce is how many requests are worked for at once; further ones get 503.
	// Default: 4.
	AtOnce int
	// PerSecond is how many are worked for in a second; further ones get 429. Default:
	// 50.
	PerSecond int
	// Logger is told of checkpoints that contradict what was cosigned, each once, and of
	// a state that cannot be kept: of either at most ten times a minute, since anybody
	// may ask. Default: none.
	Logger *slog.Logger
	// Clock is what the rate goes by. Default: the wall clock.
	Clock clock.Clock
}

func (o HandlerOptions) withDefaults() HandlerOptions {
	if o.AtOnce <= 0 {
		o.AtOnce = 4
	}
	if o.PerSecond <= 0 {
		o.PerSecond = 50
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if spawn.Nothing(o.Clock) {
		o.Clock = clock.New()
	}
	return o
}

// Handler answers for a witness, whatever the path: mount it at Path below a prefix of
// the host's, such as "POST /witness/add-checkpoint". It is safe for concurrent use.
type Handler struct {
	adder witness.Adder
	opts  HandlerOptions
	gate  turnstile.Gate
	pace  *turnstile.Pace
	lines *lines
}

var _ http.Handler = (*Handler)(nil)

// NewHandler returns the handler of a witness. Where that is nil it tells the Logger, and
// answers nothing but 503.
func NewHandler(w witness.Adder, opts HandlerOptions) *Handler {
	opts = opts.withDefaults()
	if spawn.Nothing(w) {
		opts.Logger.ErrorContext(context.Background(), "the witness answers nothing: it is nil")
		w = nobody{}
	}
	return &Handler{
		adder: w, opts: opts, gate: turnstile.NewGate(opts.AtOnce),
		pace:  turnstile.NewPace(opts.Clock, turnstile.Rate{N: opts.PerSecond, Per: time.Second}),
		lines: newLines(opts.Logger, opts.Clock),
	}
}

// nobody stands for a witness that is nil.
type nobody struct{}

var errNobody = errors.New("witnesshttp: there is no witness here")

func (nobody) Add(context.Context, witness.Request) (string, error) { return "", errNobody }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		fail(w, http.StatusMethodNotAllowed, "a checkpoint is added by POST")
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // where that cannot be, the host's server has to
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, witness.MaxRequest))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		fail(w, http.StatusRequestEntityTooLarge, "at most "+strconv.Itoa(witness.MaxRequest)+" bytes are read")
		return
	case err != nil:
		fail(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	if !h.gate.Enter() {
		later(w, http.StatusServiceUnavailable, time.Second)
		return
	}
	defer h.gate.Leave()
	if wait := h.pace.Take(); wait > 0 {
		later(w, http.StatusTooManyRequests, wait)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), workTime)
	defer cancel()
	request, err := witness.ParseRequest(string(body))
	if err != nil {
		h.refuse(ctx, w, request, err)
		return
	}
	lines, err := h.adder.Add(ctx, request)
	if err != nil {
		h.refuse(ctx, w, request, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, lines) // whoever has gone does not need it
}

// refuse answers with what the standard has for an error.
func (h *Handler) refuse(ctx context.Context, w http.ResponseWriter, r witness.Request, err error) {
	conflict, moved := errors.AsType[*witness.ConflictError](err)
	switch {
	case moved:
		if r.Old == conflict.Size { // and not the one that was seen
			h.lines.contradicted(ctx, r)
		}
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, strconv.FormatInt(conflict.Size, 10)+"\n")
	case errors.Is(err, witness.ErrUnknownLog):
		fail(w, http.StatusNotFound, witness.ErrUnknownLog.Error())
	case errors.Is(err, witness.ErrForbidden):
		fail(w, http.StatusForbidden, witness.ErrForbidden.Error())
	case errors.Is(err, witness.ErrBadRequest):
		fail(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, witness.ErrInconsistent):
		h.lines.contradicted(ctx, r)
		fail(w, http.StatusUnprocessableEntity, witness.ErrInconsistent.Error())
	default:
		h.lines.failed(ctx, err)
		later(w, http.StatusServiceUnavailable, 10*time.Second)
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message+"\n")
}

// later answers somebody who is to come again.
func later(w http.ResponseWriter, status int, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	fail(w, status, "too much is asked at once; ask again later")
}
