package main

import (
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	named := regexp.MustCompile(`(?:src|href)="/([^"]+)"`).FindAllSubmatch(files["index.html"], -1)
	if len(named) < 3 {
		t.Errorf("dist/index.html names %d files: want a script, a style sheet and an icon at least", len(named))
	}
	for _, one := range named {
		if _, ok := files[string(one[1])]; !ok {
			t.Errorf("dist/index.html names %s, which is not there", one[1])
		}
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

func TestNeededFollowsImportsButNotLaterOnes(t *testing.T) {
	metafile := `{"outputs": {
		"dist/assets/main-1.js": {"entryPoint": "src/main.tsx", "imports": [{"path": "dist/assets/a.js", "kind": "import-statement"}, {"path": "dist/assets/cy.js", "kind": "dynamic-import"}]},
		"dist/assets/a.js": {"imports": [{"path": "dist/assets/b.js", "kind": "import-statement"}]},
		"dist/assets/b.js": {"imports": [{"path": "dist/assets/a.js", "kind": "import-statement"}]},
		"dist/assets/cy.js": {"entryPoint": "src/words/cy.ts", "imports": []}}}`
	first, err := needed(metafile)
	if want := []string{"assets/main-1.js", "assets/a.js", "assets/b.js"}; err != nil || !slices.Equal(first, want) {
		t.Errorf("needed: %v, %v; want %v", first, err, want)
	}
}

// The first load must stay quick on a ward's poor Wi-Fi: everything that comes before the first screen, as it is sent.
func TestFirstLoadIsSmall(t *testing.T) {
	const most = 100 << 10
	files, err := read("../dist")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, one := range regexp.MustCompile(`(?:src|href)="/(assets/[^"]+)"`).FindAllSubmatch(files["index.html"], -1) {
		sum += zipped(t, files[string(one[1])])
	}
	if sum == 0 || sum > most {
		t.Errorf("the first load is %d bytes compressed; the budget is %d", sum, most)
	}
}

func zipped(t *testing.T, content []byte) int {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// The service worker knows every file it fetches beforehand by its hash, and its version changes with each of them.
func TestShell(t *testing.T) {
	files := map[string][]byte{"index.html": []byte("page"), "assets/main-A.js": []byte("code"), "licences.txt": []byte("text"), "assets/emoji-B.js": make([]byte, heavy)}
	of, err := shellOf("..", files)
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"/assets/main-A.js", "VpTQii5T/8rgwxA+Wtb2B2q9lg6x+KVldwQLwQKPcCs="}, {"/index.html", "NmAxWprz3yVdjxmrB35Hl4IrQUiKDioEvGr3EhPCMnQ="}}
	if !slices.Equal(of.Files, want) {
		t.Errorf("files: %v", of.Files)
	}
	for name := range files {
		changed := maps.Clone(files)
		changed[name] = append([]byte("x"), files[name]...)
		other, err := shellOf("..", changed)
		if err != nil {
			t.Fatal(err)
		}
		listed := name != "licences.txt" && len(files[name]) < heavy
		if (other.Version != of.Version) != listed {
			t.Errorf("a change of %s changes the version: %v", name, !listed)
		}
	}
}
