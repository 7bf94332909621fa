package linking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// What SQLite says of a file that it cannot read: SQLITE_CORRUPT and
// SQLITE_NOTADB.
const (
	corrupt     = 11
	notDatabase = 26
)

// locateDevice makes path absolute and free of symbolic links, so that one file
// has one lock, and refuses early what SQLite has less helpful words for.
func locateDevice(path string, o DeviceOptions) (string, error) {
	if path == "" || path == ":memory:" {
		return "", fmt.Errorf("%w: %q names no file", ErrDeviceFile, path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("whatsappprobe: %w", err)
	}
	if info, err := os.Stat(filepath.Dir(abs)); err != nil {
		return "", fmt.Errorf("whatsappprobe: the folder of the device file %s: %w", abs, err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("%w: %s: %s is no folder", ErrDeviceFile, abs, filepath.Dir(abs))
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.Unpaired:
		return "", fmt.Errorf("%w: there is no file %s", ErrNotPaired, abs)
	case errors.Is(err, fs.ErrNotExist):
		// SQLite would make it readable for everybody.
		file, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return "", fmt.Errorf("whatsappprobe: making the device file: %w", err)
		}
		if err := file.Close(); err != nil {
			return "", fmt.Errorf("whatsappprobe: making the device file: %w", err)
		}
	case err != nil:
		return "", fmt.Errorf("whatsappprobe: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%w: %s is no regular file", ErrDeviceFile, abs)
	default:
		if err := checkHeader(abs); err != nil {
			return "", err
		}
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("whatsappprobe: %w", err)
	}
	return abs, nil
}

// checkTables refuses a database of something else: sqlstore would add its
// tables to it.
func checkTables(ctx context.Context, db *sql.DB) (empty bool, err error) {
	var ours, others int
	err = db.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE name = 'whatsmeow_version'), count(*) FILTER (WHERE name NOT LIKE 'whatsmeow%')
		FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`).Scan(&ours, &others)
	if bad, ok := errors.AsType[*sqlite.Error](err); ok && (bad.Code() == notDatabase || bad.Code() == corrupt) {
		return false, fmt.Errorf("%w: %w", ErrDeviceFile, err)
	} else if err != nil {
		return false, fmt.Errorf("whatsappprobe: opening the device file: %w", err)
	}
	if ours == 0 && others > 0 {
		return false, fmt.Errorf("%w: it is the database of something else", ErrDeviceFile)
	}
	return ours == 0, nil
}

// checkHeader tells a database from other files by how it begins.
func checkHeader(path string) error {
	const magic = "SQLite format 3\x00"
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("whatsappprobe: opening the device file: %w", err)
	}
	defer file.Close()
	head := make([]byte, len(magic))
	if n, _ := file.Read(head); n > 0 && string(head) != magic {
		return fmt.Errorf("%w: %s is no SQLite database", ErrDeviceFile, path)
	}
	return nil
}

// keepPrivate takes the file from everybody but its owner. One that belongs to
// somebody else, who gave it to us by its group, is left as it is.
func keepPrivate(ctx context.Context, path string, logger *slog.Logger) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("whatsappprobe: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil && logger != nil {
		logger.WarnContext(ctx, "device_file_readable_for_others", "path", path, "error", err)
	}
	return nil
}

// deviceDSN names the file as a URI, since SQLite and the driver each give some
// characters of a plain path a meaning. Transactions take their lock when they
// begin: one that began by reading is refused at its first write, whatever the
// timeout, when another wrote meanwhile, and whatsmeow then loses a session.
func deviceDSN(path string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a volume, as in C:/
	}
	query := url.Values{"_pragma": {"foreign_keys(1)", "busy_timeout(10000)"}, "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}
