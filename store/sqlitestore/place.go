package sqlitestore

import (
	"fmt"
	"os"
	"path/filepath"
)

// locate makes path absolute, and refuses early what SQLite would refuse with
// less helpful words.
func locate(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", fmt.Errorf("sqlitestore: %q is no file; memstore keeps documents in memory", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlitestore: %w", err)
	}
	if info, err := os.Stat(filepath.Dir(abs)); err != nil {
		return "", fmt.Errorf("sqlitestore: %s: %w", abs, err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("sqlitestore: %s: %s is no directory", abs, filepath.Dir(abs))
	}
	if info, err := os.Stat(abs); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("sqlitestore: %s is no regular file", abs)
	}
	return abs, nil
}
