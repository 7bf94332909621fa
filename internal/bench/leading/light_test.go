//go:build !peers

package leading

// heavyPeers and electors are none: without the tag peers they are not compiled.
func heavyPeers() []system { return nil }
func electors() []schedule { return nil }
