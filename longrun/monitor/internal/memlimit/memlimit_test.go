package memlimit_test

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/memlimit"
)

func files(kv ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = &fstest.MapFile{Data: []byte(kv[i+1])}
	}
	return m
}

func TestTheLimitOfTheControlGroup(t *testing.T) {
	t.Parallel()
	const mib, v1none = 1 << 20, "9223372036854771712\n"
	for name, c := range map[string]struct {
		root fstest.MapFS
		soft int64
		want int64
	}{
		"none":                 {files(), math.MaxInt64, 0},
		"soft":                 {files(), 300 * mib, 300 * mib},
		"v2 in a container":    {files("proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "536870912\n"), math.MaxInt64, 512 * mib},
		"v2 without":           {files("proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "max\n"), math.MaxInt64, 0},
		"v2 without, and soft": {files("sys/fs/cgroup/memory.max", "max\n"), 300 * mib, 300 * mib},
		"v2, harder than soft": {files("sys/fs/cgroup/memory.max", "536870912\n"), 300 * mib, 512 * mib},
		"v2 of a service, the one above is less": {files("proc/self/cgroup", "0::/system.slice/app.service\n",
			"sys/fs/cgroup/system.slice/app.service/memory.max", "1073741824", "sys/fs/cgroup/system.slice/memory.max", "536870912"), math.MaxInt64, 512 * mib},
		"v1 in a container": {files("proc/self/cgroup", "4:memory:/docker/abc\n0::/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"), math.MaxInt64, 512 * mib},
		"v1 of a group": {files("proc/self/cgroup", "3:cpu,memory:/a/b\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", v1none,
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "268435456\n"), math.MaxInt64, 256 * mib},
		"v1 of another controller": {files("proc/self/cgroup", "3:hugememory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n"), math.MaxInt64, 0},
		"v1 without":               {files("sys/fs/cgroup/memory/memory.limit_in_bytes", v1none), math.MaxInt64, 0},
		"nonsense":                 {files("proc/self/cgroup", "what\n0::/../../etc\n", "sys/fs/cgroup/memory.max", "-5", "sys/fs/cgroup/memory/memory.limit_in_bytes", "many"), -1, 0},
	} {
		require.Equal(t, c.want, memlimit.Read(c.root, c.soft), name)
	}
}

func TestThisProcessHasALimitOrNone(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, memlimit.Read(os.DirFS("/"), debug.SetMemoryLimit(-1)), int64(0))
}

func ExampleRead() {
	// Of a real process: memlimit.Read(os.DirFS("/"), debug.SetMemoryLimit(-1))
	fmt.Println(memlimit.Read(files("sys/fs/cgroup/memory.max", "536870912\n"), math.MaxInt64))
	// Output: 536870912
}
