// Package test holds what is tested of the program as a whole: its shape (this file reads the source), and what it does
// from end to end. Nothing imports it.
package test

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

const module = "github.com/wardline/wardline/"

// source is one Go file of the module.
type source struct {
	name    string // relative to the root: "internal/matrix/room/sql.go"
	dir     string // "internal/matrix/room"
	test    bool
	lines   int
	code    int // lines that hold more than a comment
	file    *ast.File
	set     *token.FileSet
	imports []string
}

// base is the file's name within its folder.
func (s source) base() string { return path.Base(s.name) }

// readSources parses every Go file of the module in root.
func readSources(root string) (all []source, err error) {
	set := token.NewFileSet()
	err = filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() && file != root && (name == "node_modules" || name == "testdata" || name == "bin" || strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := parse(set, root, file)
		all = append(all, s)
		return err
	})
	return all, err
}

func parse(set *token.FileSet, root, file string) (source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	tree, err := parser.ParseFile(set, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return source{}, err
	}
	s := source{
		name: filepath.ToSlash(relative), test: strings.HasSuffix(file, "_test.go"), file: tree, set: set,
		lines: set.File(tree.FileStart).LineCount(), code: codeLines(text),
	}
	s.dir = path.Dir(s.name)
	for _, i := range tree.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil {
			s.imports = append(s.imports, p)
		}
	}
	return s, nil
}

// codeLines counts the lines that hold code.
func codeLines(text []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(text))
	var tokens scanner.Scanner
	tokens.Init(file, text, nil, 0)
	n, last := 0, 0
	for {
		at, kind, literal := tokens.Scan()
		if kind == token.EOF {
			return n
		}
		line := file.Line(at)
		if line > last {
			n, last = n+1, line
		}
		if more := strings.Count(literal, "\n"); kind == token.STRING && more > 0 {
			n, last = n+more, last+more
		}
	}
}

// literals calls fn for each string in the file, joined where the source joins several with +.
func (s source) literals(fn func(text string, at token.Pos)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			return n.Tag == nil // a tag is no string of the program
		case *ast.BinaryExpr:
			if text, ok := joined(n); ok {
				fn(text, n.Pos())
				return false
			}
		case *ast.BasicLit:
			if text, ok := joined(n); ok {
				fn(text, n.Pos())
			}
		}
		return true
	})
}

// joined gives the text of a literal or of several added up; what is not a literal counts as a blank.
func joined(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		left, one := joined(e.X)
		right, two := joined(e.Y)
		if e.Op == token.ADD && (one || two) {
			return left + " " + right, true
		}
	case *ast.ParenExpr:
		return joined(e.X)
	}
	return "", false
}

// line gives where something is, for a message.
func (s source) line(at token.Pos) int { return s.set.Position(at).Line }
