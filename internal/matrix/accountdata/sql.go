package accountdata

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/store"
)

func entriesOf(tx *store.Tx, user string) ([]Entry, error) {
	rows, err := tx.Query(`SELECT room_id, type, content, pos FROM account_data WHERE user_id = $1`, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Entry
	for rows.Next() {
		var e Entry
		var content string
		if err := rows.Scan(&e.Room, &e.Type, &content, &e.Pos); err != nil {
			return nil, err
		}
		e.Content = jsontext.Value(content)
		out = append(out, e)
	}
	return out, rows.Err()
}

func contentOf(tx *store.Tx, user, room, typ string) (jsontext.Value, error) {
	var content string
	err := tx.Row(`SELECT content FROM account_data WHERE user_id = $1 AND room_id = $2 AND type = $3`,
		[]any{user, room, typ}, &content)
	return jsontext.Value(content), err
}

func putEntry(tx *store.Tx, user string, e *Entry) error {
	return tx.Exec(`INSERT INTO account_data (user_id, room_id, type, content, pos) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, room_id, type) DO UPDATE SET content = excluded.content, pos = excluded.pos`,
		user, e.Room, e.Type, string(e.Content), e.Pos)
}

func deleteEntries(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM account_data WHERE user_id = $1`, user)
}

func putFilter(tx *store.Tx, user, id, content string, now int64) error {
	return tx.Exec(`INSERT INTO sync_filter (user_id, filter_id, content, stored) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, filter_id) DO UPDATE SET stored = excluded.stored`, user, id, content, now)
}

// trimFilters leaves the filters stored last.
func trimFilters(tx *store.Tx, user string, keep int) error {
	return tx.Exec(`DELETE FROM sync_filter WHERE user_id = $1 AND filter_id NOT IN (
		SELECT filter_id FROM sync_filter WHERE user_id = $1 ORDER BY stored DESC, filter_id LIMIT $2)`, user, keep)
}

func filterOf(tx *store.Tx, user, id string) (content string, err error) {
	err = tx.Row(`SELECT content FROM sync_filter WHERE user_id = $1 AND filter_id = $2`, []any{user, id}, &content)
	return content, err
}

func deleteFilters(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM sync_filter WHERE user_id = $1`, user)
}
