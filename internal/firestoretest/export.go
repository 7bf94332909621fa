package firestoretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
)

const exportName = "recorded"

// Export writes all documents of a project below dir, in the emulator's own
// format, and returns the path of the file that Import takes. dir must exist, on
// the machine that the emulator runs on.
func Export(tb testing.TB, host, project, dir string) string {
	tb.Helper()
	call(tb, host, project, "export", map[string]string{"export_directory": dir, "export_name": exportName})
	return filepath.Join(dir, exportName, exportName+".overall_export_metadata")
}

// Import fills a project with what Export wrote, whichever project that was of.
// Every document's update time is that of the import. The emulator reads the files
// itself: it runs on the machine that has them.
func Import(tb testing.TB, host, project, export string) {
	tb.Helper()
	call(tb, host, project, "import", map[string]string{"export_directory": export}) // a file, in spite of its name
}

// call asks the emulator for what only emulators do.
func call(tb testing.TB, host, project, verb string, args map[string]string) {
	tb.Helper()
	args["database"] = "projects/" + project + "/databases/(default)"
	body, err := json.Marshal(args)
	if err != nil {
		tb.Fatalf("firestoretest: %s: %v", verb, err)
	}
	url := fmt.Sprintf("http://%s/emulator/v1/projects/%s:%s", host, project, verb)
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		tb.Fatalf("firestoretest: %s: %v", verb, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatalf("firestoretest: %s: %v", verb, err)
	}
	defer resp.Body.Close()
	if said, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		tb.Fatalf("firestoretest: %s: %s: %s %v", verb, resp.Status, said, err)
	}
}
