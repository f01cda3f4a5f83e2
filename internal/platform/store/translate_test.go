package store

import (
	"testing"
	"testing/fstest"
)

func TestTranslate(t *testing.T) {
	for _, c := range []struct{ name, text, sqlite, postgres string }{
		{"types",
			"CREATE TABLE a (\n    nr BIGINT PRIMARY KEY,\n    body TEXT NOT NULL, -- TEXT of any length\n    raw BYTEA, yes BOOLEAN\n);\n",
			"CREATE TABLE a (\n    nr INTEGER PRIMARY KEY,\n    body TEXT NOT NULL, -- TEXT of any length\n    raw BLOB, yes INTEGER\n) STRICT;\n",
			"CREATE TABLE a (\n    nr BIGINT PRIMARY KEY,\n    body TEXT COLLATE \"C\" NOT NULL, -- TEXT of any length\n    raw BYTEA, yes BOOLEAN\n);\n"},
		{"one line", "CREATE TABLE a (x TEXT, y TEXT);\n", "CREATE TABLE a (x TEXT, y TEXT) STRICT;\n", "CREATE TABLE a (x TEXT COLLATE \"C\", y TEXT COLLATE \"C\");\n"},
		{"without rowid", "CREATE TABLE a (x TEXT PRIMARY KEY) WITHOUT ROWID; -- only: sqlite\nSELECT 1;\n", "CREATE TABLE a (x TEXT PRIMARY KEY) WITHOUT ROWID; -- only: sqlite\nSELECT 1;\n", "SELECT 1;\n"},
		{"column", "ALTER TABLE a ADD COLUMN z TEXT;\n", "ALTER TABLE a ADD COLUMN z TEXT;\n", "ALTER TABLE a ADD COLUMN z TEXT COLLATE \"C\";\n"},
		{"block", "-- only: postgres\nCREATE X;\nCREATE Y;\n\nCREATE Z;\n", "\nCREATE Z;\n", "CREATE X;\nCREATE Y;\n\nCREATE Z;\n"},
		{"other tables", "CREATE VIRTUAL TABLE f USING fts5(body); -- only: sqlite\nCREATE INDEX i ON a (x);\n", "CREATE VIRTUAL TABLE f USING fts5(body); -- only: sqlite\nCREATE INDEX i ON a (x);\n", "CREATE INDEX i ON a (x);\n"},
	} {
		if got := translate(c.text, "sqlite"); got != c.sqlite {
			t.Errorf("%s for SQLite:\n%s\nwant\n%s", c.name, got, c.sqlite)
		}
		if got := translate(c.text, "postgres"); got != c.postgres {
			t.Errorf("%s for PostgreSQL:\n%s\nwant\n%s", c.name, got, c.postgres)
		}
	}
}

func TestMigrationNames(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("SELECT 1;\n")}
	for name, files := range map[string]fstest.MapFS{
		"no number":   {"schema/platform.sql": file},
		"short":       {"schema/1_x.sql": file},
		"same number": {"schema/0001_a.sql": file, "schema/0001_b.sql": file},
	} {
		if list, err := migrations(files); err == nil {
			t.Errorf("%s: read %v", name, list)
		}
	}
	list, err := migrations(fstest.MapFS{"schema/0010_b.sql": file, "schema/0002_a.sql": file})
	if err != nil || len(list) != 2 || list[0].name != "0002_a" || list[1].number != 10 {
		t.Errorf("read %v, %v", list, err)
	}
}

func TestVersionLess(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"3.51.2", "3.51.3", true}, {"3.51.3", "3.51.3", false}, {"3.9.0", "3.51.3", true}, {"3.54.0", "3.51.3", false}, {"3.51", "3.51.3", true}, {"4.0.0", "3.51.3", false}} {
		if versionLess(c.a, c.b) != c.want {
			t.Errorf("%s < %s is not %v", c.a, c.b, c.want)
		}
	}
}

func TestSteady(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1 LIMIT $12":                    "SELECT 1 LIMIT CAST($12 AS INTEGER)",
		"SELECT (SELECT 1 LIMIT $1) LIMIT $2":   "SELECT (SELECT 1 LIMIT CAST($1 AS INTEGER)) LIMIT CAST($2 AS INTEGER)",
		"SELECT a FROM t WHERE a = $1 LIMIT 10": "SELECT a FROM t WHERE a = $1 LIMIT 10",
	} {
		if got := steady(query); got != want {
			t.Errorf("%s became %s", query, got)
		}
	}
}
