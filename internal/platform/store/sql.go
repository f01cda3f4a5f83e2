package store

const (
	sqlSQLiteVersion  = `SELECT sqlite_version()`
	sqlCheckpoint     = `PRAGMA wal_checkpoint(PASSIVE)`
	sqlBegin          = `BEGIN`
	sqlBeginImmediate = `BEGIN IMMEDIATE`
	sqlBeginSnapshot  = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	sqlCommit         = `COMMIT`
	sqlRollback       = `ROLLBACK`

	sqlPostgresVersion = `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`
	// The number is arbitrary; it keeps two nodes from migrating at once.
	sqlMigrateLock   = `SELECT pg_advisory_lock(7726435812)`
	sqlMigrateUnlock = `SELECT pg_advisory_unlock(7726435812)`
	sqlHeadLocked    = `SELECT pos, commits, floor FROM position FOR UPDATE`

	sqlSavepoint   = `SAVEPOINT verb`
	sqlUndo        = `ROLLBACK TO SAVEPOINT verb`
	sqlRelease     = `RELEASE SAVEPOINT verb`
	sqlHead        = `SELECT pos, commits, floor FROM position`
	sqlAdvance     = `UPDATE position SET pos = $1, commits = $2`
	sqlMark        = `INSERT INTO node (id, batch, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = excluded.at`
	sqlMarked      = `SELECT batch FROM node WHERE id = $1`
	sqlForgetNodes = `DELETE FROM node WHERE at < $1`

	sqlLog      = `INSERT INTO log (pos, at, kind, scope, name) VALUES ($1, $2, $3, $4, $5)`
	sqlLogSpan  = `SELECT pos, kind, scope, name FROM log WHERE pos > $1 AND pos <= $2 ORDER BY pos LIMIT $3`
	sqlLogOld   = `SELECT COALESCE((SELECT pos FROM log WHERE at >= $1 ORDER BY pos LIMIT 1) - 1, (SELECT MAX(pos) FROM log), 0)`
	sqlLogStep  = `SELECT MAX(pos) FROM (SELECT pos FROM log WHERE pos <= $1 ORDER BY pos LIMIT $2) AS step`
	sqlLogTrim  = `DELETE FROM log WHERE pos <= $1`
	sqlLogFloor = `UPDATE position SET floor = $1 WHERE floor < $1`

	sqlSetting    = `SELECT value FROM setting WHERE name = $1`
	sqlSetSetting = `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`

	sqlMigrationTable = `CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied BIGINT NOT NULL)`
	sqlMigrations     = `SELECT number, name, checksum FROM migration ORDER BY number`
	sqlMigrated       = `INSERT INTO migration (number, name, checksum, applied) VALUES ($1, $2, $3, $4)`
)
