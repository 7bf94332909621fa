package layout

import "github.com/seed-13dc028d/longwatch/alert"

// Tone is how bad a message is, as far as colours and priorities tell.
type Tone int

// The tones, from good to bad.
const (
	// Calm: nothing happened; somebody asks whether messages arrive.
	Calm Tone = iota
	// Good: something ended.
	Good
	// Warning: something goes on.
	Warning
	// Critical: something goes on that is.
	Critical
)

// ToneOf is the tone of a message, and of a digest that of the worst of what goes on
// after it: each rule and target counts by its last word.
func ToneOf(m alert.Message) Tone {
	if m.Kind != alert.Digest {
		return toneOf(m)
	}
	last := map[[3]string]Tone{}
	add(last, m.Parts)
	worst := Calm
	for _, tone := range last {
		worst = max(worst, tone)
	}
	return worst
}

func add(last map[[3]string]Tone, parts []alert.Message) {
	for _, part := range parts {
		if part.Kind == alert.Digest {
			add(last, part.Parts)
		} else {
			last[[3]string{part.Service, part.Rule, part.Target}] = toneOf(part)
		}
	}
}

func toneOf(m alert.Message) Tone {
	switch {
	case m.Kind == alert.Test:
		return Calm
	case m.Kind == alert.Resolved, m.Kind == alert.Flapping && !m.Until.IsZero():
		return Good
	case m.Severity == "critical":
		return Critical
	}
	return Warning
}

// Mark is the tone as one character in front of a line.
func (t Tone) Mark() string {
	return [...]string{"🔵", "🟢", "🟠", "🔴"}[t]
}

// Colour is the tone as 24 bits of red, green and blue.
func (t Tone) Colour() int {
	return [...]int{0x4a90d9, 0x2e9e5b, 0xe08a00, 0xd1242f}[t]
}
