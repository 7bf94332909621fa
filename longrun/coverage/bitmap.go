package coverage

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"strconv"
	"strings"
)

// MaxBitmapLen is how many slots ParseBitmap accepts: a month of one-second
// slots, or five years of minutes.
const MaxBitmapLen = 31 * 86400

// Bitmap holds one bit for each of a row of slots, such as those of a day: 180
// bytes for a day of minutes. The day itself is not in it: whoever stores a
// Bitmap stores beside it when it begins. A Bitmap may be read concurrently, and
// not while it is written to.
type Bitmap struct {
	n     int
	words []uint64 // bit i is words[i/64]>>(i%64)&1; none is set at n or above
}

// NewBitmap returns a Bitmap of n slots, all of them empty. A negative n is
// taken as 0.
func NewBitmap(n int) *Bitmap {
	n = max(n, 0)
	return &Bitmap{n: n, words: make([]uint64, (n+63)/64)}
}

// Len returns the number of slots.
func (b *Bitmap) Len() int { return b.n }

// Set fills slot i, counted from 0. A slot outside the Bitmap is left alone.
func (b *Bitmap) Set(i int) {
	if uint(i) < uint(b.n) {
		b.words[i>>6] |= 1 << (i & 63)
	}
}

func (b *Bitmap) clear(i int) {
	if uint(i) < uint(b.n) {
		b.words[i>>6] &^= 1 << (i & 63)
	}
}

// Has reports whether slot i is filled. Outside the Bitmap nothing is, and in a nil
// one.
func (b *Bitmap) Has(i int) bool {
	return b != nil && uint(i) < uint(b.n) && b.words[i>>6]>>(i&63)&1 != 0
}

// Count returns how many slots are filled; of a nil Bitmap none is.
func (b *Bitmap) Count() int {
	if b == nil {
		return 0
	}
	n := 0
	for _, w := range b.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Runs yields the maximal runs of filled slots as [from, to), in order. It steps
// over whole words, so a full or an empty day costs next to nothing.
func (b *Bitmap) Runs() iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := b.seek(0, false); from < b.n; {
			to := b.seek(from, true)
			if !yield(from, to) {
				return
			}
			from = b.seek(to, false)
		}
	}
}

// Gaps yields the maximal runs of empty slots as [from, to), in order, those at
// both ends included.
func (b *Bitmap) Gaps() iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := b.seek(0, true); from < b.n; {
			to := b.seek(from, false)
			if !yield(from, to) {
				return
			}
			from = b.seek(to, true)
		}
	}
}

// Next returns the first slot at i or later that is filled, or the first that is empty
// where filled is false; Len where there is none.
func (b *Bitmap) Next(i int, filled bool) int { return b.seek(max(i, 0), !filled) }

// seek returns the first empty (or else filled) slot at i or later, Len where
// there is none.
func (b *Bitmap) seek(i int, empty bool) int {
	var flip uint64
	if empty {
		flip = ^flip
	}
	for i < b.n {
		// What lies below i in its word is shifted out; zero means that the word
		// has no such slot left.
		if w := (b.words[i>>6] ^ flip) >> (i & 63); w != 0 {
			return i + bits.TrailingZeros64(w) // b.n at most: what lies there is empty
		}
		i = (i | 63) + 1
	}
	return b.n
}

// or fills what is filled in o, whose first slot is slot off here. What sticks
// out on either side is ignored, as in andNot.
func (b *Bitmap) or(o *Bitmap, off int) {
	for k, last := b.overlap(o, off); k < last; k++ {
		b.words[k] |= o.chunk(64*k - off)
	}
	b.clean()
}

// andNot empties what is filled in o.
func (b *Bitmap) andNot(o *Bitmap, off int) {
	for k, last := b.overlap(o, off); k < last; k++ {
		b.words[k] &^= o.chunk(64*k - off)
	}
}

// overlap returns the words [first, last) of b that o reaches into.
func (b *Bitmap) overlap(o *Bitmap, off int) (first, last int) {
	first = max(off>>6, 0)
	last = min((off+o.n+63)>>6, len(b.words))
	return first, last
}

// chunk returns the 64 slots from i on, slots outside the Bitmap empty. i may
// be negative.
func (b *Bitmap) chunk(i int) uint64 {
	k, shift := i>>6, i&63
	w := b.word(k) >> shift
	if shift > 0 {
		w |= b.word(k+1) << (64 - shift)
	}
	return w
}

func (b *Bitmap) word(k int) uint64 {
	if uint(k) < uint(len(b.words)) {
		return b.words[k]
	}
	return 0
}

// String returns the Bitmap as text for a document: the number of slots, a
// colon, and the standard base64 of its bytes. Slot i is bit i mod 8 (the least
// significant is 0) of byte i/8.
func (b *Bitmap) String() string {
	data := make([]byte, 0, 8*len(b.words))
	for _, w := range b.words {
		data = binary.LittleEndian.AppendUint64(data, w)
	}
	return strconv.Itoa(b.n) + ":" + base64.StdEncoding.EncodeToString(data[:(b.n+7)/8])
}

// ParseBitmap reads what String wrote, and nothing else: text that means the
// same and is written otherwise is an error, as are more than MaxBitmapLen slots.
func ParseBitmap(s string) (*Bitmap, error) {
	count, text, colon := strings.Cut(s, ":")
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > MaxBitmapLen {
		return nil, fmt.Errorf("longrun: bitmap: %.20q is not a number of slots from 0 to %d", count, MaxBitmapLen)
	}
	data, err := strictBase64.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("longrun: bitmap: %w", err)
	}
	if len(data) != (n+7)/8 {
		return nil, fmt.Errorf("longrun: bitmap: %d bytes for %d slots", len(data), n)
	}
	b := NewBitmap(n)
	for i := range b.words {
		var word [8]byte
		copy(word[:], data[8*i:])
		b.words[i] = binary.LittleEndian.Uint64(word[:])
	}
	// What is left that can be written in two ways is a number with a sign or
	// zeros in front, no slots without the colon, line breaks between the bytes,
	// and slots behind the last.
	if b.clean() || !colon || count != strconv.Itoa(n) || len(text) != strictBase64.EncodedLen(len(data)) {
		return nil, fmt.Errorf("longrun: bitmap: not written as a Bitmap of %d slots is", n)
	}
	return b, nil
}

// strictBase64 also refuses bits behind the last byte.
var strictBase64 = base64.StdEncoding.Strict() //nolint:gochecknoglobals // as constant as base64.StdEncoding

// clean empties what lies in the last word behind the last slot, and reports
// whether there was any.
func (b *Bitmap) clean() bool {
	tail := b.n & 63
	if tail == 0 {
		return false
	}
	last := &b.words[len(b.words)-1]
	was := *last
	*last &= 1<<tail - 1
	return *last != was
}
