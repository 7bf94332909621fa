package firestoretest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// findJar returns the path of the emulator's jar. An explicit path that is
// wrong is a mistake and not an absence.
func findJar() (string, error) {
	if jar := os.Getenv("FIRESTORE_EMULATOR_JAR"); jar != "" {
		_, err := os.Stat(jar)
		return jar, err
	}
	for _, pattern := range jarPatterns() {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		if len(found) > 0 {
			return slices.Max(found), nil // of several versions the newest
		}
	}
	return "", need.Absent("its jar is in none of the usual places")
}

// jarPatterns are the places where the emulator's installers put it, the most
// specific first.
func jarPatterns() []string {
	const inSDK = "platform/cloud-firestore-emulator/*.jar"
	var roots []string
	if gcloud, err := exec.LookPath("gcloud"); err == nil {
		if gcloud, err = filepath.EvalSymlinks(gcloud); err == nil {
			roots = append(roots, filepath.Dir(filepath.Dir(gcloud)))
		}
	}
	roots = append(roots,
		"/usr/lib/google-cloud-sdk", // Google's package for Debian
		"/usr/lib64/google-cloud-sdk",
		"/opt/google-cloud-sdk",
		"/opt/google-cloud-cli",
		"/snap/google-cloud-cli/current",
		"/opt/homebrew/share/google-cloud-sdk",
		"/usr/local/share/google-cloud-sdk",
	)
	home, err := os.UserHomeDir()
	if err == nil {
		roots = append(roots, filepath.Join(home, "google-cloud-sdk"))
	}
	var out []string
	for _, root := range roots {
		out = append(out, filepath.Join(root, inSDK))
	}
	if err == nil { // where firebase-tools downloads it to
		out = append(out, filepath.Join(home, ".cache/firebase/emulators/cloud-firestore-emulator-v*.jar"))
	}
	return out
}

// findJava prefers the Java that JAVA_HOME names, as the emulator's own wrapper
// and most build tools do.
func findJava() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if java, err := exec.LookPath(filepath.Join(home, "bin", "java")); err == nil {
			return java, nil
		}
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", need.Absent("there is a jar but no java to run it")
	}
	return java, nil
}
