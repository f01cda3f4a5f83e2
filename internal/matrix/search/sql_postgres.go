package search

import "strings"

// postgres keeps the index in a column of lexemes. They are made here and not by a text search configuration, so that no
// dictionary of the server's has a say in what is found.
var postgres = dialect{
	put: `INSERT INTO search_text (pos, words, place, sender, edited, vector)
		VALUES ($1, $2, $3, $4, $5, CAST(CAST($6 AS TEXT) AS tsvector))`,
	remove: `DELETE FROM search_text WHERE pos = $1`,
	hits: `SELECT pos, edited, words, place, sender FROM search_text
		WHERE vector @@ CAST(CAST($1 AS TEXT) AS tsquery) AND pos <= $2 ORDER BY pos DESC LIMIT $3`,
	match: matchPostgres,
	args:  withVector,
}

// matchPostgres gives the query as a tsquery. Words consist of letters and digits; a place begins with "=", as no word does.
func matchPostgres(q *query) string {
	m := each(q.words, " & ", quoteLexeme)
	if len(q.rooms) > 0 {
		m += " & (" + each(q.rooms, " | ", func(nr int64) string { return quoteLexeme("=" + roomToken(nr)) }) + ")"
	}
	if len(q.kinds) > 0 {
		m += " & (" + each(q.kinds, " | ", func(k kind) string { return quoteLexeme("=" + kindToken(k)) }) + ")"
	}
	return m
}

func quoteLexeme(s string) string { return "'" + s + "'" }

// withVector adds the lexemes of words and place.
func withVector(args []any) []any {
	words, place := args[1].(string), args[2].(string)
	lexemes := each(strings.Fields(words), " ", quoteLexeme) + " " +
		each(strings.Fields(place), " ", func(s string) string { return quoteLexeme("=" + s) })
	return append(args, lexemes)
}
