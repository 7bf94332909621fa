package chart

import "html/template"

// Kind is a kind of chart, whose marks Key explains.
type Kind string

// The kinds: a calendar; slots, as in Heat and Strip; latencies of probes; lanes of
// probes that did not pass; incidents.
const (
	InCalendar  Kind = "calendar"
	InSlots     Kind = "slots"
	InLatencies Kind = "latencies"
	InProbes    Kind = "probes"
	InIncidents Kind = "incidents"
	// InSilence is what Slots.Explain adds.
	InSilence Kind = "silence"
)

// marks are those of each kind, as they are drawn in a square of 20, with what each
// stands for.
var marks = map[Kind][][2]string{ //nolint:gochecknoglobals // never changed
	InCalendar: {
		{`<rect class="f" x="2" y="5" width="16" height="15"/>`, "none missed"},
		{`<rect class="f" x="2" y="5" width="16" height="15"/><rect class="m k" x="3" y="13" width="14" height="6"/>`, "one slot missed"},
		{`<rect class="f" x="2" y="5" width="16" height="15"/><rect class="m k" x="3" y="1" width="14" height="19"/>`, "the whole day"},
		{`<rect class="f" x="2" y="5" width="16" height="15"/><rect class="u" x="2" y="17" width="16" height="3"/>`, "underlined: not always healthy"},
		{`<rect class="n" x="2.5" y="5.5" width="15" height="14"/>`, "not known"},
	},
	InSlots: {
		{`<rect class="f" x="0" y="5" width="20" height="15"/>`, "written"},
		{`<rect class="f" x="0" y="5" width="20" height="15"/><rect class="u" x="3" y="15" width="14" height="5"/>`, "written, but not healthy: lower third"},
		{`<rect class="f" x="0" y="5" width="20" height="15"/><rect class="m k" x="8" y="1" width="4" height="19"/>`, "missed: full height"},
		{`<rect class="n" x="1" y="6" width="18" height="13"/>`, "not known"},
	},
	InSilence: {
		{`<rect class="f" x="0" y="5" width="20" height="15"/><rect class="n" x="3" y="14.5" width="14" height="5"/>`, "written, health not known: dashed, below"},
	},
	InLatencies: {
		{`<circle class="p" cx="10" cy="11" r="3"/>`, "passed, at its latency"},
		{`<line class="med" x1="0" x2="20" y1="11" y2="11"/>`, "usual (median)"},
	},
	InProbes: {
		{`<path class="x" d="M6 7l8 8m0 -8l-8 8"/>`, "probe failed"},
		{`<circle class="o" cx="10" cy="11" r="4.5"/>`, "could not be told"},
	},
	InIncidents: {
		{`<rect class="inc" x="1" y="7" width="18" height="8"/>`, "incident, open"},
		{`<rect class="inc w" x="1" y="7" width="18" height="8"/>`, "incident, over"},
	},
}

// Key is a list of the marks of charts, with what each stands for.
func Key(kinds ...Kind) template.HTML {
	d := &drawing{}
	d.raw(`<ul class="key">`)
	for _, kind := range kinds {
		for _, mark := range marks[kind] {
			d.raw(`<li><svg viewBox="0 0 20 20" aria-hidden="true">` + mark[0] + "</svg>" + mark[1] + "</li>\n")
		}
	}
	d.raw("</ul>\n")
	return d.html()
}
