package whatsappprobe

import "github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"

// IsProbe reports whether a message's text is that of a probe, this host's or
// another's: one to pass over. It holds for a text that quotes one, too.
func IsProbe(text string) bool { return sending.IsMarked(text) }
