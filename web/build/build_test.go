package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed must be what the sources make. Without the npm dependencies the bundle cannot be made at all: then
// this test holds only the committed page to what it names, and `npm ci` in web brings the rest.
func TestDistIsCurrent(t *testing.T) {
	if _, err := os.Stat("../node_modules/preact"); err != nil {
		checkPage(t)
		return
	}
	if err := run("..", true); err != nil {
		t.Fatal(err)
	}
}

func checkPage(t *testing.T) {
	t.Helper()
	files, err := read("../dist")
	if err != nil {
		t.Fatal(err)
	}
	page, err := index("..", files)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(files["index.html"]) {
		t.Error("dist/index.html is not what src/index.html makes")
	}
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	dir := t.TempDir()
	made := map[string][]byte{"index.html": []byte("new"), "assets/main-A.js": []byte("same")}
	stale := map[string][]byte{"index.html": []byte("old"), "assets/main-A.js": []byte("same"), "assets/main-B.js": []byte("left over")}
	if err := write(dir, stale); err != nil {
		t.Fatal(err)
	}
	err := compare(dir, made)
	if err == nil || !strings.Contains(err.Error(), "assets/main-B.js, index.html") || strings.Contains(err.Error(), "main-A") {
		t.Errorf("compare: %v", err)
	}
	if err := write(dir, made); err != nil {
		t.Fatal(err)
	}
	if err := compare(dir, made); err != nil {
		t.Errorf("after writing: %v", err)
	}
}

func TestBundleSaysWhatItNeeds(t *testing.T) {
	err := run(filepath.Join(t.TempDir(), "web"), false)
	if err == nil || !strings.Contains(err.Error(), "npm ci") {
		t.Errorf("without dependencies: %v", err)
	}
}
