package media

import "github.com/wardline/wardline/internal/platform/store"

func insertFile(tx *store.Tx, f *file) error {
	return tx.Exec(`INSERT INTO media (id, user_id, created, expires, hash, size, type, name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		f.id, f.user, f.created, f.expires, f.hash, f.size, f.typ, f.name)
}

// updateContent brings the content of a reserved file.
func updateContent(tx *store.Tx, f *file) error {
	return tx.Exec(`UPDATE media SET created = $1, expires = 0, hash = $2, size = $3, type = $4, name = $5 WHERE id = $6`,
		f.created, f.hash, f.size, f.typ, f.name, f.id)
}

func fileByID(tx *store.Tx, id string) (*file, error) {
	f := &file{id: id}
	var used int64
	err := tx.Row(`SELECT user_id, created, expires, hash, size, type, name, used, gone FROM media WHERE id = $1`, []any{id},
		&f.user, &f.created, &f.expires, &f.hash, &f.size, &f.typ, &f.name, &used, &f.gone)
	f.used = used > 0
	return f, err
}

// pending counts the reservations of a user that still hold, and says when the first of them ends.
func pending(tx *store.Tx, user string, now int64) (n, soonest int64, err error) {
	err = tx.Row(`SELECT COUNT(*), COALESCE(MIN(expires), 0) FROM media WHERE user_id = $1 AND expires > $2`,
		[]any{user, now}, &n, &soonest)
	return n, soonest, err
}

func uploadedSince(tx *store.Tx, user string, since int64) (sum int64, err error) {
	err = tx.Row(`SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM media WHERE user_id = $1 AND created > $2`,
		[]any{user, since}, &sum)
	return sum, err
}

func isAvatar(tx *store.Tx, id string) (bool, error) {
	var n int64
	err := tx.Row(`SELECT COUNT(*) FROM media_avatar WHERE media_id = $1`, []any{id}, &n)
	return n > 0, err
}

func avatarOf(tx *store.Tx, user string) (id string, err error) {
	err = tx.Row(`SELECT media_id FROM media_avatar WHERE user_id = $1`, []any{user}, &id)
	return id, err
}

// putAvatar sets a person's picture; an empty id is none.
func putAvatar(tx *store.Tx, user, id string) error {
	if id == "" {
		return tx.Exec(`DELETE FROM media_avatar WHERE user_id = $1`, user)
	}
	return tx.Exec(`INSERT INTO media_avatar (user_id, media_id) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET media_id = excluded.media_id`, user, id)
}

// stands is what makes an event e count: it has not been redacted, nor has the event of which it is an edit.
const stands = ` AND e.redacted_by IS NULL AND NOT EXISTS (SELECT 1 FROM event o
	WHERE o.id = e.relates AND e.rel_type = 'm.replace' AND o.redacted_by IS NOT NULL)`

// placesOf gives the events that use a file and stand, newest first.
func placesOf(tx *store.Tx, id string, limit int) ([]Place, error) {
	rows, err := tx.Query(`SELECT l.room_id, l.pos, e.type FROM media_link l JOIN event e ON e.pos = l.pos
		WHERE l.media_id = $1`+stands+` ORDER BY l.pos DESC LIMIT $2`, id, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Room, &p.Pos, &p.Type); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func insertLink(tx *store.Tx, id string, u Use) error {
	return tx.Exec(`INSERT INTO media_link (media_id, pos, event_id, room_id) VALUES ($1, $2, $3, $4)`, id, u.Pos, u.EventID, u.Room)
}

func markUsed(tx *store.Tx, id string) error {
	return tx.Exec(`UPDATE media SET used = 1 WHERE id = $1 AND used = 0`, id)
}

// unusedNow is what makes a file of those chosen gone: no event that stands, and no profile, uses it.
const unusedNow = ` AND gone = 0
	AND NOT EXISTS (SELECT 1 FROM media_avatar a WHERE a.media_id = media.id)
	AND NOT EXISTS (SELECT 1 FROM media_link l JOIN event e ON e.pos = l.pos WHERE l.media_id = media.id` + stands + `)`

// releaseEvent lets go of the files that only a redacted event, or an edit of it, used.
func releaseEvent(tx *store.Tx, eventID string, now int64) error {
	return tx.Exec(`UPDATE media SET gone = $1 WHERE id IN (SELECT media_id FROM media_link WHERE event_id = $2
		UNION SELECT l.media_id FROM media_link l JOIN event r ON r.pos = l.pos WHERE r.relates = $2 AND r.rel_type = 'm.replace')`+
		unusedNow, now, eventID)
}

// releaseFile lets go of a file if nothing uses it any more.
func releaseFile(tx *store.Tx, id string, now int64) error {
	if id == "" {
		return nil
	}
	return tx.Exec(`UPDATE media SET gone = $1 WHERE id = $2`+unusedNow, now, id)
}

func withdraw(tx *store.Tx, id string, now int64) error {
	if err := tx.Exec(`DELETE FROM media_avatar WHERE media_id = $1`, id); err != nil {
		return err
	}
	return tx.Exec(`UPDATE media SET gone = $1 WHERE id = $2 AND gone = 0`, now, id)
}

// ripe gives files whose time has come.
func ripe(tx *store.Tx, now, unusedBefore, goneBefore int64, limit int) ([]file, error) {
	rows, err := tx.Query(`SELECT id, hash FROM media WHERE expires > 0 AND expires <= $1
		UNION SELECT id, hash FROM media WHERE used = 0 AND expires = 0 AND created < $2
		UNION SELECT id, hash FROM media WHERE gone > 0 AND gone < $3
		LIMIT $4`, now, unusedBefore, goneBefore, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []file
	for rows.Next() {
		var f file
		if err := rows.Scan(&f.id, &f.hash); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

func deleteFile(tx *store.Tx, id string) error {
	if err := tx.Exec(`DELETE FROM media_link WHERE media_id = $1`, id); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM media WHERE id = $1`, id)
}

// thumbnail is a stored thumbnail.
type thumbnail struct{ hash, typ string }

func storedThumbnail(tx *store.Tx, hash, variant string) (t thumbnail, err error) {
	err = tx.Row(`SELECT thumb, type FROM media_thumbnail WHERE hash = $1 AND variant = $2`, []any{hash, variant}, &t.hash, &t.typ)
	return t, err
}

func putThumbnail(tx *store.Tx, hash, variant string, t thumbnail) error {
	return tx.Exec(`INSERT INTO media_thumbnail (hash, variant, thumb, type) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash, variant) DO UPDATE SET thumb = excluded.thumb, type = excluded.type`, hash, variant, t.hash, t.typ)
}

// deleteThumbnails deletes the thumbnails of contents that no file has any more, and gives their hashes.
func deleteThumbnails(tx *store.Tx, hashes []string) ([]string, error) {
	var args []any
	which := ` FROM media_thumbnail WHERE hash IN ` + store.In(&args, hashes) +
		` AND NOT EXISTS (SELECT 1 FROM media m WHERE m.hash = media_thumbnail.hash AND m.hash <> '')`
	thumbs, err := texts(tx, `SELECT thumb`+which, args)
	if err != nil || len(thumbs) == 0 {
		return nil, err
	}
	return thumbs, tx.Exec(`DELETE`+which, args...)
}

// unneeded gives those contents that are no file's and no thumbnail's.
func unneeded(tx *store.Tx, hashes []string) ([]string, error) {
	var args []any
	needed, err := texts(tx, `SELECT hash FROM media WHERE hash <> '' AND hash IN `+store.In(&args, hashes), args)
	if err != nil {
		return nil, err
	}
	args = nil
	thumbs, err := texts(tx, `SELECT thumb FROM media_thumbnail WHERE thumb IN `+store.In(&args, hashes), args)
	if err != nil {
		return nil, err
	}
	keep := map[string]bool{}
	for _, hash := range append(needed, thumbs...) {
		keep[hash] = true
	}
	var free []string
	for _, hash := range hashes {
		if !keep[hash] {
			keep[hash] = true // once
			free = append(free, hash)
		}
	}
	return free, nil
}

// texts runs a query for one column of text.
func texts(tx *store.Tx, query string, args []any) ([]string, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
