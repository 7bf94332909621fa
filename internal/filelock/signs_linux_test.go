package filelock_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/filelock"
	"github.com/seed-13dc028d/longwatch/store"
)

const name = "ABCDEFGH234567"

func in(dir string) filelock.Signs {
	return filelock.Signs{Prefix: filepath.Join(dir, "l.db-"), Clock: clock.New()}
}

func fileOf(s filelock.Signs, name string) string { return s.Prefix + name + ".alive" }

func TestASignIsThereUntilItIsEndedAndThenForOneAtATime(t *testing.T) {
	t.Parallel()
	s := in(t.TempDir())
	mark, end, err := s.Hold(t.Context(), name)
	require.NoError(t, err)
	_, _, err = s.Hold(t.Context(), name)
	require.ErrorIs(t, err, os.ErrExist, "a name is not used twice")
	_, err = s.Seize(t.Context(), name, mark, false)
	require.ErrorIs(t, err, store.ErrAlive)

	end(false)
	end(true) // once
	done, err := s.Seize(t.Context(), name, mark, false)
	require.NoError(t, err)
	_, err = s.Seize(t.Context(), name, mark, false)
	require.ErrorIs(t, err, store.ErrAlive, "somebody has it")
	done(false)
	done, err = s.Seize(t.Context(), name, mark, false)
	require.NoError(t, err)
	done(true)
	require.NoFileExists(t, fileOf(s, name))
	_, err = s.Seize(t.Context(), name, mark, false)
	require.ErrorIs(t, err, os.ErrNotExist)

	_, end, err = s.Hold(t.Context(), name+"A")
	require.NoError(t, err)
	end(true)
	require.NoFileExists(t, fileOf(s, name+"A"))
}

func TestWhoeverWaitsIsToldAtTheNextTry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for what, spent := range map[string]bool{"left": false, "removed": true} {
		synctest.Test(t, func(t *testing.T) {
			s := in(dir)
			mark, end, err := s.Hold(t.Context(), name+strings.ToUpper(what))
			require.NoError(t, err)
			time.AfterFunc(time.Minute+time.Millisecond, func() { end(spent) })
			begun := time.Now()
			done, err := s.Seize(t.Context(), name+strings.ToUpper(what), mark, true)
			require.NoError(t, err)
			require.Equal(t, time.Minute+10*time.Millisecond, time.Since(begun))
			done(true)

			mark, last, err := s.Hold(t.Context(), name)
			require.NoError(t, err)
			defer last(true)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = s.Seize(ctx, name, mark, true)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// An *os.File would be closed by what collects garbage, while its holder lives.
func TestASignOutlivesWhateverCanBeReached(t *testing.T) {
	t.Parallel()
	s := in(t.TempDir())
	hold := func() string {
		mark, _, err := s.Hold(t.Context(), name)
		require.NoError(t, err)
		return mark
	}
	mark := hold()
	for range 5 {
		runtime.GC()
		runtime.Gosched() // finalizers have a goroutine of their own
	}
	_, err := s.Seize(t.Context(), name, mark, false)
	require.ErrorIs(t, err, store.ErrAlive)
}

func TestNothingIsToldByWhatIsNotTheVeryFileThatWasLocked(t *testing.T) {
	t.Parallel()
	replace := func(with func(t *testing.T, path string)) func(*testing.T, string, *string, *string) {
		return func(t *testing.T, path string, _, _ *string) {
			require.NoError(t, os.Rename(path, path+".kept")) // so that its inode is not free
			with(t, path)
		}
	}
	for what, tamper := range map[string]func(t *testing.T, path string, name, mark *string){
		"gone":        replace(func(*testing.T, string) {}),
		"another":     replace(func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, nil, 0o600)) }),
		"a link":      replace(func(t *testing.T, path string) { require.NoError(t, os.Symlink(path+".kept", path)) }),
		"a directory": replace(func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) }),
		"a pipe":      replace(func(t *testing.T, path string) { require.NoError(t, syscall.Mkfifo(path, 0o600)) }),
		"no mark":     func(_ *testing.T, _ string, _, mark *string) { *mark = "" },
		"another boot": func(_ *testing.T, _ string, _, mark *string) {
			*mark = "file 5a1c7d10-0000-4000-8000-000000000000 " + strings.Fields(*mark)[2]
		},
		"more than the mark": func(_ *testing.T, _ string, _, mark *string) { *mark += "0" },
		"a name with a way up": func(_ *testing.T, path string, name, _ *string) {
			*name = "../" + filepath.Base(filepath.Dir(path)) + "/l.db-" + *name
		},
		"no name":     func(_ *testing.T, _ string, name, _ *string) { *name = "" },
		"a long name": func(_ *testing.T, _ string, name, _ *string) { *name = strings.Repeat("A", 65) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := in(t.TempDir())
			name := name
			mark, end, err := s.Hold(t.Context(), name)
			require.NoError(t, err)
			end(false) // dead, and there would be nothing in the way
			tamper(t, fileOf(s, name), &name, &mark)
			for _, wait := range []bool{false, true} {
				_, err = s.Seize(t.Context(), name, mark, wait)
				require.Error(t, err)
				require.NotErrorIs(t, err, store.ErrAlive)
			}
		})
	}
}

func TestOnlyWhatNobodyHoldsAndNobodyAsksForIsSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := in(dir)
	old := time.Now().Add(-26 * time.Hour)
	age := func(path string) { require.NoError(t, os.Chtimes(path, old, old)) }
	hold := func(name string) func(bool) {
		_, end, err := s.Hold(t.Context(), name)
		require.NoError(t, err)
		return end
	}
	hold("DEAD")(false)
	age(fileOf(s, "DEAD"))
	hold("YOUNG")(false)
	defer hold("ALIVE")(true)
	age(fileOf(s, "ALIVE"))
	for _, other := range []string{"l.db-wal", "l.db-lower.alive", "m.db-DEAD.alive", "l.db-DEAD.alive.txt"} {
		path := filepath.Join(dir, other)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		age(path)
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "l.db-wal"), fileOf(s, "LINK")))
	before, err := os.ReadDir(dir)
	require.NoError(t, err)
	s.Sweep()
	after, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, after, len(before)-1)
	require.NoFileExists(t, fileOf(s, "DEAD"))
	filelock.Signs{Prefix: filepath.Join(dir, "none", "l"), Clock: clock.New()}.Sweep() // harms nobody
}

// later is a clock by which every file is old.
type later struct{ clock.Clock }

func (l later) Now() time.Time { return l.Clock.Now().Add(1000 * time.Hour) }

func TestNoHolderIsWithoutItsFileHoweverMuchIsSwept(t *testing.T) {
	t.Parallel()
	s := in(t.TempDir())
	sweeper := s
	sweeper.Clock = later{clock.New()}
	stop := make(chan struct{})
	var sweeping sync.WaitGroup
	sweeping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				sweeper.Sweep()
			}
		}
	})
	held := 0
	for i := range 1000 {
		name := "N" + strings.Repeat("I", i%40) + string(rune('A'+i%26)) + strings.Repeat("J", i/40)
		mark, end, err := s.Hold(t.Context(), name)
		if err != nil {
			continue // it came between, and that is said
		}
		held++
		require.FileExists(t, fileOf(s, name))
		_, err = s.Seize(t.Context(), name, mark, false)
		require.ErrorIs(t, err, store.ErrAlive)
		end(true)
	}
	close(stop)
	sweeping.Wait()
	require.Positive(t, held)
}
