package turnstile

// Gate lets a few through at once.
type Gate chan struct{}

// NewGate returns a gate for most at once.
func NewGate(most int) Gate { return make(Gate, most) }

// Enter reports whether there is room. Whoever enters must Leave.
func (g Gate) Enter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

// Leave makes room.
func (g Gate) Leave() { <-g }
