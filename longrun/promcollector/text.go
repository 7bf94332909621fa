package promcollector

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

// text is a sink that writes one of Prometheus' two text formats, as package expfmt
// does: a test holds every line against that.
type text struct {
	buf  []byte
	open bool // OpenMetrics
	last *desc
}

// head begins what has a name of its own.
func (t *text) head(d *desc) {
	if t.last == d {
		return
	}
	t.last = d
	name := d.name
	if t.open && d.kind == counter {
		name = strings.TrimSuffix(name, "_total")
	}
	t.buf = append(t.buf, "# HELP "...)
	t.buf = append(t.buf, name...)
	t.buf = append(t.buf, ' ')
	t.buf = append(t.buf, d.help...)
	t.buf = append(t.buf, "\n# TYPE "...)
	t.buf = append(t.buf, name...)
	t.buf = append(t.buf, ' ')
	t.buf = append(t.buf, d.kind...)
	t.buf = append(t.buf, '\n')
}

func (t *text) value(d *desc, v float64, of labels) {
	t.head(d)
	t.series(d, "", &of, "")
	t.number(v)
	t.buf = append(t.buf, '\n')
}

func (t *text) results(d *desc, c *metrics.ProbeCount, of labels) {
	t.head(d)
	t.series(d, "", &of, "")
	t.number(float64(c.Count))
	t.exemplar(&c.Last)
	t.buf = append(t.buf, '\n')
}

func (t *text) histogram(d *desc, h *metrics.Histogram) {
	t.head(d)
	below := uint64(0)
	var room [32]byte
	for i := range len(h.Bounds) + 1 {
		if i < len(h.Counts) {
			below += h.Counts[i]
		}
		bound := append(room[:0], "+Inf"...)
		if i < len(h.Bounds) {
			bound = t.append(room[:0], h.Bounds[i])
		}
		t.series(d, "_bucket", &labels{}, string(bound))
		t.count(below)
		if i < len(h.Exemplars) {
			t.exemplar(&h.Exemplars[i])
		}
		t.buf = append(t.buf, '\n')
	}
	t.series(d, "_sum", &labels{}, "")
	t.number(h.Sum)
	t.buf = append(t.buf, '\n')
	t.series(d, "_count", &labels{}, "")
	t.count(below)
	t.buf = append(t.buf, '\n')
}

// series writes a name with its labels, and le behind them where there is one.
func (t *text) series(d *desc, suffix string, of *labels, le string) {
	b := append(append(t.buf, d.name...), suffix...)
	between := byte('{')
	for i := range d.labels {
		l := &d.labels[i]
		b = append(append(append(b, between), l.name...), '=', '"')
		b = append(escaped(b, l.of(of)), '"')
		between = ','
	}
	if le != "" {
		b = append(append(append(append(b, between), `le="`...), le...), '"')
		between = ','
	}
	if between == ',' {
		b = append(b, '}')
	}
	t.buf = append(b, ' ')
}

// escaped appends a label's value.
func escaped(b []byte, value string) []byte {
	for i := range len(value) {
		if c := value[i]; c == '\\' || c == '"' || c == '\n' {
			return append(b, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)...)
		}
	}
	return append(b, value...)
}

// count writes a whole number.
func (t *text) count(n uint64) {
	if t.open {
		t.buf = strconv.AppendUint(t.buf, n, 10)
		return
	}
	t.number(float64(n))
}

func (t *text) number(v float64) { t.buf = t.append(t.buf, v) }

// append appends a number as the format has it: 1 is 1.0 in OpenMetrics.
func (t *text) append(b []byte, v float64) []byte {
	const exact = 1e6 // from here on there are exponents
	if v == math.Trunc(v) && math.Abs(v) < exact {
		b = strconv.AppendInt(b, int64(v), 10)
		if t.open {
			b = append(b, ".0"...)
		}
		return b
	}
	// Most are seconds in whole milliseconds: of so few digits these are all.
	if n := math.Round(v * 1000); v > 0 && v < exact && n/1000 == v {
		b = append(strconv.AppendInt(b, int64(n)/1000, 10), '.')
		for rest, unit := int64(n)%1000, int64(100); rest > 0; unit /= 10 {
			b = append(b, byte('0'+rest/unit))
			rest %= unit
		}
		return b
	}
	switch {
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// exemplar writes one where there is one, and the format has them.
func (t *text) exemplar(e *metrics.Exemplar) {
	if !t.open || e.Key == "" {
		return
	}
	t.buf = append(t.buf, ` # {`+probeKey+`="`...)
	t.buf = append(escaped(t.buf, e.Key), `"} `...)
	t.number(e.Value)
	t.buf = append(t.buf, ' ')
	t.number(float64(e.At.UnixNano()) / float64(time.Second))
}
