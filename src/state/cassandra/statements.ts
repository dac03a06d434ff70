/**
 * The tables that rows are kept in, and what is said to them.
 *
 *     millrace_state         one partition per scope, key group, operator and section (`head`)
 *     millrace_state_heads   which partitions a scope has: they are deleted one by one
 *     millrace_state_scopes  the scopes, and when each was last known to be in use
 *
 * A scope is of one subtask and one attempt. Who wrote it deletes it at its end; the scope of a
 * process that was killed is found by its age.
 *
 * A key that is deleted keeps a row without value for a day. Reads refuse to pass over more than
 * 100,000 marks of what is gone, and where state comes and goes there would soon be as many.
 */
const TABLES = ['millrace_state', 'millrace_state_heads', 'millrace_state_scopes'] as const

/** Partitions of the scopes. */
export const SCOPE_SHARDS = 4

export type Statements = ReturnType<typeof statementsOf>

export function statementsOf(keyspace: string) {
  const [state, heads, scopes] = TABLES.map((table) => `"${keyspace}".${table}`)
  const OF_HEAD = 'WHERE scope = ? AND head = ?'
  const OF_RANGE = `${OF_HEAD} AND key >= ? AND key < ?`
  return {
    create: [
      // A node that was away for longer than a day is repaired before it comes back, or what was
      // deleted meanwhile comes back with it.
      `CREATE TABLE IF NOT EXISTS ${state} (scope text, head blob, key blob, value blob,
        PRIMARY KEY ((scope, head), key)) WITH gc_grace_seconds = 86400`,
      `CREATE TABLE IF NOT EXISTS ${heads} (scope text, head blob, PRIMARY KEY (scope, head))
        WITH gc_grace_seconds = 86400`,
      `CREATE TABLE IF NOT EXISTS ${scopes} (shard int, scope text, seen bigint,
        PRIMARY KEY (shard, scope)) WITH gc_grace_seconds = 86400`,
    ],
    get: `SELECT key, value FROM ${state} ${OF_HEAD} AND key IN ?`,
    put: `INSERT INTO ${state} (scope, head, key, value) VALUES (?, ?, ?, ?)`,
    /** Of a key that is deleted. */
    empty: `INSERT INTO ${state} (scope, head, key, value) VALUES (?, ?, ?, 0x) USING TTL 86400`,
    scan: `SELECT key, value FROM ${state} ${OF_RANGE} LIMIT ?`,
    scanDown: `SELECT key, value FROM ${state} ${OF_RANGE} ORDER BY key DESC LIMIT ?`,
    dropRange: `DELETE FROM ${state} ${OF_RANGE}`,
    dropHead: `DELETE FROM ${state} ${OF_HEAD}`,
    addHead: `INSERT INTO ${heads} (scope, head) VALUES (?, ?)`,
    heads: `SELECT head FROM ${heads} WHERE scope = ?`,
    dropHeads: `DELETE FROM ${heads} WHERE scope = ?`,
    see: `INSERT INTO ${scopes} (shard, scope, seen) VALUES (?, ?, ?)`,
    scopes: `SELECT scope, seen FROM ${scopes} WHERE shard = ?`,
    forget: `DELETE FROM ${scopes} WHERE shard = ? AND scope = ?`,
  } as const
}
