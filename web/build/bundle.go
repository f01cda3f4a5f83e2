package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// shipped are the npm packages whose code is in the bundle, and whose licences go with it.
var shipped = []string{"@preact/signals", "@preact/signals-core", "idb", "preact"}

// bundle makes every file of dist, by its path there.
func bundle(dir string) (map[string][]byte, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "node_modules", "preact")); err != nil {
		return nil, fmt.Errorf("the bundle needs the npm dependencies; run 'npm ci' in %s: %w", dir, err)
	}
	files, err := assets(root)
	if err != nil {
		return nil, err
	}
	page, err := index(root, files)
	if err != nil {
		return nil, err
	}
	icon, err := os.ReadFile(filepath.Join(root, "src", "icon.svg"))
	if err != nil {
		return nil, err
	}
	licences, err := licences(root)
	if err != nil {
		return nil, err
	}
	files["index.html"], files["icon.svg"], files["licences.txt"] = page, icon, licences
	return files, nil
}

// assets runs esbuild over the app's one entry.
func assets(root string) (map[string][]byte, error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     root,
		EntryPoints:       []string{"src/main.tsx"},
		Outdir:            "dist",
		EntryNames:        "assets/[name]-[hash]",
		ChunkNames:        "assets/[name]-[hash]",
		AssetNames:        "assets/[name]-[hash]",
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformBrowser,
		Target:            api.ES2022,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		LogLevel:          api.LogLevelSilent,
	})
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

// index is the page with the hashed names of what it loads.
func index(root string, files map[string][]byte) ([]byte, error) {
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
	return page, nil
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
