/**
 * The tables that blobs are kept in, and what is said to them.
 *
 *     millrace_blobs    one partition per name: `current` is the id of the blob that has it now.
 *                       Everything but `begun` changes by lightweight transactions only.
 *     millrace_chunks   bytes of large blobs, 64 chunks per partition; written once
 *     millrace_names    what may be in a folder (stage 0) and what is (stage 1): for lists only.
 *                       In 16 partitions, for a node reads over no more than 100,000 marks of what
 *                       was deleted in one
 *
 * A writer's row in `millrace_blobs` is there before its chunks (`begun`). Only with it the blob
 * becomes the current one; who cleans up takes it away first. So nobody publishes a blob whose
 * chunks have been cleaned away.
 */

/** Of the chunks of one partition. */
export const CHUNKS_PER_BUCKET = 64

const SHARDS = 16

/** Which of the partitions of a folder's names has this one. */
export function shardOf(name: string): number {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0
  return hash % SHARDS
}

/** Comes next to the slash in the order of names. */
export const AFTER_SLASH = '0'

export const TABLES = ['millrace_blobs', 'millrace_chunks', 'millrace_names'] as const

export const TABLES_OF = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?'
export const KEYSPACE = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?'

export type Statements = ReturnType<typeof statementsOf>

export function statementsOf(keyspace: string) {
  const [blobs, chunks, names] = TABLES.map((table) => `"${keyspace}".${table}`)
  const OF_NAME = 'WHERE folder = ? AND name = ?'
  const OF_LISTED = 'WHERE folder = ? AND shard = ? AND name = ?'
  const OF_FOLDER = `WHERE folder = ? AND shard IN (${[...Array(SHARDS).keys()].join(', ')})`
  const OF_BUCKET = `${OF_NAME} AND id = ? AND bucket = ?`
  return {
    create: [
      `CREATE TABLE IF NOT EXISTS ${blobs} (folder text, name text, current text static, id text,
        begun boolean, length bigint, bytes blob, PRIMARY KEY ((folder, name), id))`,
      `CREATE TABLE IF NOT EXISTS ${chunks} (folder text, name text, id text, bucket int, part int,
        bytes blob, PRIMARY KEY ((folder, name, id, bucket), part))`,
      // What comes back from a node that was away for longer is looked up, and found to be gone.
      `CREATE TABLE IF NOT EXISTS ${names} (folder text, shard int, name text, stage int, id text,
        length bigint, PRIMARY KEY ((folder, shard), name, stage, id))
        WITH gc_grace_seconds = 3600`,
    ],
    head: `SELECT current, id, length, bytes FROM ${blobs} ${OF_NAME}`,
    /** Older than whatever a transaction does later, however clocks differ. */
    begin: `INSERT INTO ${blobs} (folder, name, id, begun) VALUES (?, ?, ?, true)
      USING TIMESTAMP 1`,
    take: `UPDATE ${blobs} SET current = ? ${OF_NAME} IF current = null`,
    fill: `UPDATE ${blobs} SET length = ?, bytes = ? ${OF_NAME} AND id = ?`,
    fillBegun: `UPDATE ${blobs} SET length = ? ${OF_NAME} AND id = ? IF begun = true`,
    leave: `UPDATE ${blobs} SET current = null ${OF_NAME} IF current = ?`,
    drop: `DELETE FROM ${blobs} ${OF_NAME} AND id = ?`,
    dropBegun: `DELETE FROM ${blobs} ${OF_NAME} AND id = ? IF begun = true AND current != ?`,
    putChunk: `INSERT INTO ${chunks} (folder, name, id, bucket, part, bytes)
      VALUES (?, ?, ?, ?, ?, ?)`,
    chunk: `SELECT bytes FROM ${chunks} ${OF_BUCKET} AND part = ?`,
    anyChunk: `SELECT part FROM ${chunks} ${OF_BUCKET} LIMIT 1`,
    dropChunks: `DELETE FROM ${chunks} ${OF_BUCKET}`,
    intend: `INSERT INTO ${names} (folder, shard, name, stage, id) VALUES (?, ?, ?, 0, ?)`,
    confirm: `INSERT INTO ${names} (folder, shard, name, stage, id, length)
      VALUES (?, ?, ?, 1, ?, ?)`,
    doubt: `DELETE FROM ${names} ${OF_LISTED} AND stage = 1`,
    forget: `DELETE FROM ${names} ${OF_LISTED} AND stage = 0 AND id = ?`,
    names: `SELECT name, stage, id, length FROM ${names} ${OF_FOLDER}`,
    namesBelow: `SELECT name, stage, id, length FROM ${names} ${OF_FOLDER}
      AND name >= ? AND name < ?`,
  } as const
}
