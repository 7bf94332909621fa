package postgresstore

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/store"
)

// signal is how a commit wakes those who watch what it has changed. Commits that
// notify stand in one line through the whole cluster, through the sync of each: so a
// commit notifies only of what somebody watches. While somebody does, he holds a
// shared advisory lock on the document's number, and the last statement of every
// commit finds that out by trying to take it alone.
type signal struct {
	channel string // what is listened on
	class   int32  // the first number of the advisory locks; the second is a document's
}

func signalOf(schema, table string) signal {
	table = schema + "." + table
	wide := fnv.New64a()
	_, _ = wide.Write([]byte(table)) // never fails
	return signal{channel: fmt.Sprintf("longwatch_%016x", wide.Sum64()), class: number(table)}
}

// number is short for a text. Two documents of one number are signalled together,
// which is allowed.
func number(text string) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return int32(h.Sum32())
}

func numberOf(key store.Key) int32 { return number(key.String()) }

// maxAsked is up to how many documents a commit asks who watches: each takes a
// place among the server's locks, of which it has not many. A larger commit, which
// is a rare one, always notifies.
const maxAsked = 16

const (
	sqlNotifyWatched = `SELECT pg_notify($1::text, string_agg(to_hex(k), ' ')) FROM unnest($2::int[]) k
		WHERE NOT pg_try_advisory_xact_lock($3::int, k) HAVING count(*) > 0`
	sqlNotify = `SELECT pg_notify($1::text, $2::text)`
)

// queue adds the statement that signals writes.
func (s signal) queue(batch *pgx.Batch, writes []write) {
	numbers := make([]int32, 0, len(writes))
	for _, w := range writes {
		numbers = append(numbers, numberOf(w.key))
	}
	slices.Sort(numbers) // all commits take the locks in one order
	numbers = slices.Compact(numbers)
	if len(numbers) <= maxAsked {
		batch.Queue(sqlNotifyWatched, s.channel, numbers, s.class)
		return
	}
	batch.Queue(sqlNotify, s.channel, payloadOf(numbers))
}

// payloadOf is what a notification says, at most nine bytes for each number.
func payloadOf(numbers []int32) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatUint(uint64(uint32(n)), 16)
	}
	return strings.Join(texts, " ")
}

// numbersIn reads a notification. ok is false where it is not one of ours, or was
// heard by somebody else.
func numbersIn(payload string) (numbers []int32, ok bool) {
	for text := range strings.FieldsSeq(payload) {
		n, err := strconv.ParseUint(text, 16, 32)
		if err != nil {
			return nil, false
		}
		numbers = append(numbers, int32(uint32(n)))
	}
	return numbers, len(numbers) > 0
}
