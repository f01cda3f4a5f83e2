package search

// sqlite keeps the index in an FTS5 table. Its tokenizer sees words that are folded already, separated by blanks; bytes beyond ASCII
// belong to words.
var sqlite = dialect{
	put:    `INSERT INTO search_text (rowid, words, place, sender, edited) VALUES ($1, $2, $3, $4, $5)`,
	remove: `DELETE FROM search_text WHERE rowid = $1`,
	hits: `SELECT rowid, edited, words, place, sender FROM search_text
		WHERE search_text MATCH $1 AND rowid <= $2 ORDER BY rowid DESC LIMIT $3`,
	match: matchSQLite,
	args:  func(args []any) []any { return args },
}

// matchSQLite gives the query as FTS5 takes it. Words consist of letters and digits and are quoted: nothing in them is an
// operator.
func matchSQLite(q *query) string {
	quoted := func(s string) string { return `"` + s + `"` }
	m := "words : (" + each(q.words, " AND ", quoted) + ")"
	if len(q.rooms) > 0 {
		m += " AND place : (" + each(q.rooms, " OR ", func(nr int64) string { return quoted(roomToken(nr)) }) + ")"
	}
	if len(q.kinds) > 0 {
		m += " AND place : (" + each(q.kinds, " OR ", func(k kind) string { return quoted(kindToken(k)) }) + ")"
	}
	return m
}
