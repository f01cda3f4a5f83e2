package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// shipped are the npm packages whose code is in the bundle, and whose licences go with it.
var shipped = []string{"@preact/signals", "@preact/signals-core", "dompurify", "idb", "preact"}

// bundle makes every file of dist, by its path there.
func bundle(dir string) (map[string][]byte, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "node_modules", "preact")); err != nil {
		return nil, fmt.Errorf("the bundle needs the npm dependencies; run 'npm ci' in %s: %w", dir, err)
	}
	files, first, err := scripts(root)
	if err != nil {
		return nil, err
	}
	sheet, err := styles(root)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, sheet)
	page, err := index(root, files, first)
	if err != nil {
		return nil, err
	}
	licences, err := licences(root)
	if err != nil {
		return nil, err
	}
	files["index.html"], files["licences.txt"] = page, licences
	icons, err := icons(root)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, icons)
	files["worker.js"], err = worker(root, files)
	return files, err
}

// options are what scripts and styles have in common.
func options(root string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     root,
		Outdir:            "dist",
		EntryNames:        "assets/[name]-[hash]",
		ChunkNames:        "assets/[name]-[hash]",
		AssetNames:        "assets/[name]-[hash]",
		Bundle:            true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		LogLevel:          api.LogLevelSilent,
		Write:             false,
		Metafile:          true,
	}
}

// scripts runs esbuild over the app's one entry. Whatever the app imports by import() is a file of its own, loaded when it is
// needed; the second result names the files that are needed at once, the entry first.
func scripts(root string) (map[string][]byte, []string, error) {
	with := options(root)
	with.EntryPoints = []string{"src/main.tsx"}
	with.Splitting = true
	with.Format = api.FormatESModule
	with.Platform = api.PlatformBrowser
	with.Target = api.ES2022
	with.JSX = api.JSXAutomatic
	with.JSXImportSource = "preact"
	with.Loader = map[string]api.Loader{".css": api.LoaderEmpty}
	result := api.Build(with)
	files, err := outputs(root, result)
	if err != nil {
		return nil, nil, err
	}
	first, err := needed(result.Metafile)
	return files, first, err
}

// needed reads from esbuild's account of the bundle which files the entry imports, directly or through others.
func needed(metafile string) ([]string, error) {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string
			Imports    []struct{ Path, Kind string }
		}
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, err
	}
	var found []string
	for name, output := range meta.Outputs {
		if output.EntryPoint == "src/main.tsx" {
			found = append(found, name)
		}
	}
	for i := 0; i < len(found); i++ {
		for _, one := range meta.Outputs[found[i]].Imports {
			if one.Kind == "import-statement" && !slices.Contains(found, one.Path) {
				found = append(found, one.Path)
			}
		}
	}
	for i, name := range found {
		found[i] = strings.TrimPrefix(name, "dist/")
	}
	return found, nil
}

// styles makes one sheet of every feature's style.css, the look first. It is one because a style that came later, with a
// view loaded later, would show that view bare until it is there.
func styles(root string) (map[string][]byte, error) {
	sheets, err := filepath.Glob(filepath.Join(root, "src", "*", "*.css"))
	if err != nil {
		return nil, err
	}
	look := filepath.Join(root, "src", "look", "style.css")
	var source strings.Builder
	// The look declares the order of the layers, so it must come first; of two imports of one sheet the last would count.
	sheets = slices.DeleteFunc(sheets, func(sheet string) bool { return sheet == look })
	for _, sheet := range slices.Insert(sheets, 0, look) {
		fmt.Fprintf(&source, "@import %q;\n", filepath.ToSlash(sheet))
	}
	with := options(root)
	with.EntryNames = "assets/main-[hash]"
	with.Stdin = &api.StdinOptions{Contents: source.String(), ResolveDir: root, Loader: api.LoaderCSS}
	return outputs(root, api.Build(with))
}

// outputs are the files of a build, by their paths in dist.
func outputs(root string, result api.BuildResult) (map[string][]byte, error) {
	if len(result.Errors) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	files := make(map[string][]byte)
	for _, file := range result.OutputFiles {
		name, err := filepath.Rel(filepath.Join(root, "dist"), file.Path)
		if err != nil {
			return nil, err
		}
		files[filepath.ToSlash(name)] = file.Contents
	}
	return files, nil
}

// index is the page with the hashed names of what it loads: first names the scripts needed at once, so that the browser asks
// for them all together.
func index(root string, files map[string][]byte, first []string) ([]byte, error) {
	page, err := os.ReadFile(filepath.Join(root, "src", "index.html"))
	if err != nil {
		return nil, err
	}
	for _, extension := range []string{".js", ".css"} {
		entry := "/assets/main" + extension
		name, err := hashed(files, extension)
		if err != nil {
			return nil, err
		}
		if bytes.Count(page, []byte(entry)) != 1 {
			return nil, fmt.Errorf("src/index.html must name %s once", entry)
		}
		page = bytes.Replace(page, []byte(entry), []byte("/"+name), 1)
	}
	var preloads strings.Builder
	for _, name := range first[min(1, len(first)):] {
		fmt.Fprintf(&preloads, "<link rel=\"modulepreload\" href=\"/%s\">\n    ", name)
	}
	return bytes.Replace(page, []byte("<script"), []byte(preloads.String()+"<script"), 1), nil
}

func hashed(files map[string][]byte, extension string) (string, error) {
	for name := range files {
		if strings.HasPrefix(name, "assets/main-") && path.Ext(name) == extension {
			return name, nil
		}
	}
	return "", fmt.Errorf("the bundle has no main%s", extension)
}

// licences is the text that must go wherever the bundle goes.
func licences(root string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("The web app contains these packages, each under its own licence.\n")
	for _, name := range shipped {
		text, err := os.ReadFile(filepath.Join(root, "node_modules", filepath.FromSlash(name), "LICENSE"))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "\n==== %s ====\n\n%s\n", name, bytes.TrimSpace(text))
	}
	return out.Bytes(), nil
}

// write makes dist hold these files and no others.
func write(dir string, files map[string][]byte) error {
	dist := filepath.Join(dir, "dist")
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(dist, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare names every file of dist that is not what the sources make.
func compare(dir string, files map[string][]byte) error {
	committed, err := read(filepath.Join(dir, "dist"))
	if err != nil {
		return err
	}
	var wrong []string
	for name, content := range files {
		if !bytes.Equal(committed[name], content) {
			wrong = append(wrong, name)
		}
	}
	for name := range committed {
		if _, made := files[name]; !made {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("dist is not what src makes (run 'go run ./web/build' and commit): %s", strings.Join(wrong, ", "))
}

func read(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(relative)], err = os.ReadFile(name)
		return err
	})
	return files, err
}
