package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// heavy is from how many bytes on a file is not fetched before it is needed, and kept from then on.
const heavy = 200 << 10

// shell is what the service worker is told of the app: src/worker/shell.ts.
type shell struct {
	Version string      `json:"version"`
	Files   [][2]string `json:"files"` // address, SHA-256 in base64
}

// worker bundles the service worker, which knows every file of this version by its hash.
func worker(root string, files map[string][]byte) ([]byte, error) {
	of, err := shellOf(root, files)
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	with := options(root)
	with.EntryPoints = []string{"src/worker/worker.ts"}
	with.EntryNames = "worker"
	with.Format = api.FormatIIFE
	with.Platform = api.PlatformBrowser
	with.Target = api.ES2022
	with.Define = map[string]string{"SHELL": string(told)}
	made, err := outputs(root, api.Build(with))
	if err != nil {
		return nil, err
	}
	if len(made) != 1 || made["worker.js"] == nil {
		return nil, errors.New("src/worker/worker.ts must make one file: a service worker loads no others")
	}
	return made["worker.js"], nil
}

// shellOf lists the files that start the app and what it loads later, but for what is heavy. The version changes with any of
// them, and with the headers they are served with.
func shellOf(root string, files map[string][]byte) (shell, error) {
	served, err := os.ReadFile(filepath.Join(root, "http.go"))
	if err != nil {
		return shell{}, err
	}
	var of shell
	all := sha256.New()
	all.Write(served)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == "licences.txt" || len(files[name]) >= heavy {
			continue
		}
		sum := sha256.Sum256(files[name])
		digest := base64.StdEncoding.EncodeToString(sum[:])
		of.Files = append(of.Files, [2]string{"/" + name, digest})
		fmt.Fprintln(all, name, digest)
	}
	of.Version = hex.EncodeToString(all.Sum(nil)[:8])
	return of, nil
}

// icons are the app's mark in its sizes, and the manifest that names them; icons.mjs draws the sizes.
func icons(root string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(root, "src", "icons", "*.png"))
	if err != nil {
		return nil, err
	}
	names = append(names, filepath.Join(root, "src", "icon.svg"), filepath.Join(root, "src", "manifest.webmanifest"))
	files := make(map[string][]byte)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		at := path.Base(filepath.ToSlash(name))
		if strings.HasSuffix(at, ".png") {
			at = "icons/" + at
		}
		files[at] = content
	}
	return files, nil
}
