// Package memlimit says how much memory this process may use.
//
// It does not say how much there is: a process without a limit has none here, on
// however small a machine. And a limit that is changed while it runs is seen only by
// whoever asks again.
package memlimit

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// Read returns how many bytes the control groups of this process allow it, of
// version 2 or 1, as the files of root say, which is the system's; else soft, the
// limit that the Go runtime keeps to (debug.SetMemoryLimit(-1)); 0 where there is none
// at all.
func Read(root fs.FS, soft int64) int64 {
	least := int64(0)
	for _, file := range files(root) {
		if limit := limitIn(root, file); limit > 0 && (least == 0 || limit < least) {
			least = limit
		}
	}
	if least == 0 && soft > 0 && soft < none {
		return soft
	}
	return least
}

// none is more than there is: the kernel's word for no limit is a little less than
// the greatest number, as is the runtime's.
const none = math.MaxInt64 / 2

const (
	mounted2 = "sys/fs/cgroup"
	mounted1 = "sys/fs/cgroup/memory"
	in2, in1 = "memory.max", "memory.limit_in_bytes"
	maxDepth = 64
	maxLimit = 64 // bytes in such a file
)

// files are those that may hold a limit: of the process's own groups, and of those
// above them, as far as they can be seen.
func files(root fs.FS) (names []string) {
	names = append(names, path.Join(mounted2, in2), path.Join(mounted1, in1))
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return names
	}
	for lines := bufio.NewScanner(bytes.NewReader(groups)); lines.Scan(); {
		id, rest, _ := strings.Cut(lines.Text(), ":")
		kinds, group, ok := strings.Cut(rest, ":")
		mounted, in := mounted1, in1
		switch {
		case !ok:
			continue
		case id == "0" && kinds == "":
			mounted, in = mounted2, in2
		case !strings.Contains(","+kinds+",", ",memory,"):
			continue
		}
		group = path.Clean("/" + group)
		for depth := 0; group != "/" && depth < maxDepth; depth++ {
			names = append(names, path.Join(mounted, group, in))
			group = path.Dir(group)
		}
	}
	return names
}

// limitIn returns the limit in a file; 0 where it says that there is none, or nothing.
func limitIn(root fs.FS, file string) int64 {
	text, err := fs.ReadFile(root, file)
	if err != nil || len(text) > maxLimit {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit <= 0 || limit >= none {
		return 0 // "max", too
	}
	return limit
}
