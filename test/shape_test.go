package test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wardline/wardline/internal/platform/store"
)

// Limits on what a reader must take in at once. An exception names its reason.
const (
	maxFileLines     = 700
	maxFunctionLines = 100
)

var (
	longFiles     = map[string]string{} // file → why
	longFunctions = map[string]string{} // file:function → why
)

// floors from the lowest up: a package imports its own floor and those below (design, rule 7). The demonstration stands on
// the server as a command does.
var floors = []string{"spec", "platform", "matrix", "people", "clinical", "governance", "integration", "server", "demo"}

// steps order the packages of a floor: a package imports its own step and those before it. What is not named stands where
// “*” does.
var steps = map[string][][]string{
	"matrix":     {{"profile", "accountdata", "discovery", "account"}, {"room"}, {"*"}, {"sync"}},
	"people":     {{"directory"}, {"role"}, {"oncall"}, {"*"}},
	"clinical":   {{"patient"}, {"task", "urgent"}, {"handover"}, {"*"}},
	"governance": {{"hold"}, {"*"}},
}

var readOnce = sync.OnceValues(func() ([]source, error) { return readSources("..") })

func sources(t *testing.T) []source {
	t.Helper()
	all, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found: this test looks in the wrong place", len(all))
	}
	return all
}

// place gives the floor and the package of a path below internal: (2, "room") for internal/matrix/room.
// The floor is -1 for what is not below internal.
func place(dir string) (floor int, name string) {
	rest, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return -1, ""
	}
	at, rest, _ := strings.Cut(rest, "/")
	name, _, _ = strings.Cut(rest, "/")
	return slices.Index(floors, at), name
}

func stepOf(floor int, name string) int {
	order := steps[floors[floor]]
	has := func(word string) func([]string) bool {
		return func(step []string) bool { return slices.Contains(step, word) }
	}
	if i := slices.IndexFunc(order, has(name)); i >= 0 {
		return i
	}
	return slices.IndexFunc(order, has("*"))
}

// forbidden says why a package in one folder may not import another of the module; empty: it may.
func forbidden(from, to string) string {
	floor, name := place(from)
	below, other := place(to)
	switch {
	case below < 0:
		if floor >= 0 && to != "web" {
			return "what is internal imports nothing outside but the web app's files"
		}
	case floor < 0:
		return forbiddenOutside(from, to)
	case from == to || strings.HasPrefix(to, from+"/") || strings.HasPrefix(from, to+"/"):
	case below > floor:
		return floors[floor] + " lies below " + floors[below]
	case below < floor:
	case floors[floor] == "integration" && name != other:
		return "integrations do not know each other: server wires them"
	case stepOf(below, other) > stepOf(floor, name):
		return fmt.Sprintf("in %s, %s comes before %s", floors[floor], name, other)
	}
	return ""
}

// forbiddenOutside is forbidden for what lies outside internal: commands and tests wire, clients speak the protocol.
func forbiddenOutside(from, to string) string {
	if strings.HasPrefix(from, "cmd/") || strings.HasPrefix(from+"/", "test/") || strings.HasPrefix(from, "test/") {
		return ""
	}
	if strings.HasPrefix(to, "internal/spec/") {
		return ""
	}
	return from + " speaks to the server as any client does: of internal it knows spec alone"
}

func TestImportsGoDownTheFloors(t *testing.T) {
	for _, s := range sources(t) {
		if s.test && s.dir != "internal/spec" {
			continue // a test may stand its package on what it needs
		}
		for _, i := range s.imports {
			to, ours := strings.CutPrefix(i, module)
			if !ours {
				continue
			}
			if why := forbidden(s.dir, to); why != "" {
				t.Errorf("%s imports %s: %s", s.name, to, why)
			}
		}
	}
}

func TestForbiddenImportsAreForbidden(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"internal/matrix/room", "internal/platform/store", true},
		{"internal/matrix/room", "internal/spec/matrix/authrules", true},
		{"internal/matrix/room", "internal/matrix/account", true},
		{"internal/matrix/account", "internal/matrix/room", false},
		{"internal/matrix/sync", "internal/matrix/push", true},
		{"internal/matrix/push", "internal/matrix/sync", false},
		{"internal/matrix/room", "internal/matrix/receipt", false},
		{"internal/matrix/receipt", "internal/matrix/push", true},
		{"internal/platform/store", "internal/matrix/room", false},
		{"internal/spec/matrix", "internal/platform/errs", false},
		{"internal/clinical/patient", "internal/clinical/urgent", false},
		{"internal/governance/hold", "internal/governance/retention", false},
		{"internal/governance/retention", "internal/governance/hold", true},
		{"internal/integration/fhir", "internal/integration/hl7", false},
		{"internal/integration/fhir", "internal/clinical/patient", true},
		{"internal/integration/fhir", "internal/server", false},
		{"internal/platform/store/storetest", "internal/platform/store", true},
		{"internal/server", "internal/matrix/sync", true},
		{"internal/server", "internal/demo", false},
		{"internal/demo", "internal/server", true},
		{"internal/server", "web", true},
		{"internal/matrix/room", "client", false},
		{"cmd/wardline", "internal/server", true},
		{"test", "internal/server", true},
		{"test/e2e", "internal/platform/config", true},
		{"client", "internal/spec/matrix", true},
		{"client", "internal/platform/errs", false},
		{"bench/load", "internal/server", false},
		{"bench/load", "client", true},
	} {
		if why := forbidden(c.from, c.to); (why == "") != c.ok {
			t.Errorf("%s → %s: %q", c.from, c.to, why)
		}
	}
}

func TestEveryInternalPackageHasAFloor(t *testing.T) {
	for _, s := range sources(t) {
		if floor, _ := place(s.dir); floor < 0 && strings.HasPrefix(s.dir, "internal/") {
			t.Errorf("%s is on no floor: it belongs in one of %v", s.name, floors)
		}
	}
}

// outside are the packages of the standard library that reach outside the process.
var outside = regexp.MustCompile(`^(os|os/.*|net|net/http.*|syscall|database/.*|io/fs|io/ioutil|log|log/.*|plugin|path/filepath)$`)

// specLibraries are the few libraries that spec may use, each with its reason.
var specLibraries = map[string]string{
	"github.com/go-json-experiment/json":          "JSON that refuses duplicate names: becomes encoding/json/v2",
	"github.com/go-json-experiment/json/jsontext": "the same",
	"github.com/tidwall/gjson":                    "looks into validated JSON without decoding it",
}

func TestSpecIsPure(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.dir, "internal/spec/") {
			continue
		}
		for _, i := range s.imports {
			library := strings.Contains(strings.SplitN(i, "/", 2)[0], ".") && !strings.HasPrefix(i, module)
			if outside.MatchString(i) || library && specLibraries[i] == "" {
				t.Errorf("%s imports %s: spec is pure functions on bytes and values", s.name, i)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := call.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, call.Sel.Name) {
				t.Errorf("%s:%d reads the clock: spec has none", s.name, s.line(n.Pos()))
			}
			return true
		})
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string][]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		list := comments[s.dir]
		if s.file.Doc != nil {
			list = append(list, s.base())
			want := "Package " + s.file.Name.Name + " "
			if s.file.Name.Name == "main" {
				want = "Command "
			}
			if text := s.file.Doc.Text(); !strings.HasPrefix(text, want) {
				t.Errorf("%s: the package's comment does not begin with “%s”", s.name, strings.TrimSpace(want))
			}
		}
		comments[s.dir] = list
	}
	for dir, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments (%v): it needs one, that says what it is and what it is not", dir, len(files), files)
		}
	}
}

func TestPackagesAreNamedForWhatTheyAre(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "manager", "service", "services", "model", "models", "types", "misc", "base", "core", "lib", "shared"}
	for _, s := range sources(t) {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains(vague, name) {
			t.Errorf("%s: a package called %s holds anything", s.name, name)
		}
	}
}

// mayServe are the folders whose every file may speak HTTP.
var mayServe = []string{"internal/platform/endpoint", "internal/platform/metric", "internal/server", "cmd/", "client", "bench/", "web", "test"}

func TestHTTPStaysInItsFiles(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasSuffix(s.dir, "test") || strings.HasPrefix(s.base(), "http") || slices.ContainsFunc(mayServe, func(p string) bool { return strings.HasPrefix(s.dir+"/", p) }) {
			continue
		}
		for _, i := range s.imports {
			if i == "net/http" || strings.HasPrefix(i, "net/http/") {
				t.Errorf("%s imports %s: a verb knows no HTTP; requests and answers belong in http.go", s.name, i)
			}
		}
	}
}

// statement knows SQL from prose: the keywords are capitals, and what follows them is a statement's.
var statement = regexp.MustCompile(`^\s*(SELECT\s|INSERT INTO\s|INSERT OR\s|UPDATE\s+\w+\s+SET\s|DELETE FROM\s|WITH\s+(RECURSIVE\s+)?\w+\s*(\([^)]*\)\s*)?AS\s|CREATE\s+(TABLE|INDEX|UNIQUE|VIRTUAL|TRIGGER)\s|DROP\s+TABLE\s|ALTER\s+TABLE\s)`)

func TestSQLStaysInItsFiles(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.base(), "sql") || strings.HasSuffix(s.dir, "test") { // storetest
			continue
		}
		s.literals(func(text string, at token.Pos) {
			if statement.MatchString(text) {
				t.Errorf("%s:%d holds SQL: statements belong in sql.go", s.name, s.line(at))
			}
		})
	}
}

var (
	writes = regexp.MustCompile(`\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+([a-z_]+)\b`)
	reads  = regexp.MustCompile(`\b(?:FROM|JOIN)\s+([a-z_]+)\b`)
)

func TestTablesAreWrittenByTheirOwner(t *testing.T) {
	tables := map[string]store.Table{}
	for _, table := range store.Catalog {
		tables[table.Name] = table
	}
	written := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.base(), "sql") || !strings.HasPrefix(s.dir, "internal/") {
			continue
		}
		self := strings.TrimPrefix(s.dir, "internal/")
		s.literals(func(text string, at token.Pos) {
			for _, m := range writes.FindAllStringSubmatch(text, -1) {
				table, known := tables[m[1]]
				written[m[1]] = true
				if known && table.Owner != self {
					t.Errorf("%s:%d writes %s, which belongs to %s", s.name, s.line(at), m[1], table.Owner)
				}
			}
			for _, m := range reads.FindAllStringSubmatch(text, -1) {
				table, known := tables[m[1]]
				if !known || table.Owner == self {
					continue
				}
				if why := forbidden(s.dir, "internal/"+table.Owner); why != "" {
					t.Errorf("%s:%d reads %s of %s: %s", s.name, s.line(at), m[1], table.Owner, why)
				}
			}
		})
	}
	if len(written) == 0 {
		t.Error("no statement that writes was found: this test reads the wrong files")
	}
}

func TestFilesAndFunctionsCanBeTakenIn(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > maxFileLines && longFiles[s.name] == "" {
			t.Errorf("%s has %d lines: look for the seam (at most %d)", s.name, s.lines, maxFileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || s.test {
				continue
			}
			n := s.line(f.End()) - s.line(f.Pos()) + 1
			if n > maxFunctionLines && longFunctions[s.name+":"+f.Name.Name] == "" {
				t.Errorf("%s: %s has %d lines (at most %d)", s.name, f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

func TestPackagesCanBeTakenIn(t *testing.T) {
	const most = 3500 // from 2,500 on, look for the seam; beyond this, find it
	lines := map[string]int{}
	for _, s := range sources(t) {
		if !s.test {
			lines[s.dir] += s.code
		}
	}
	for dir, n := range lines {
		if n > most {
			t.Errorf("%s has %d lines of code: look for the seam (at most %d)", dir, n, most)
		}
	}
}
