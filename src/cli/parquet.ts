/**
 * Lines of JSON as a Parquet file, by DuckDB: an optional package that is loaded for this only. The
 * columns come of the snapshot's own types and are not guessed from values: a text that looks like
 * a date stays a text, and each export of the same state has the same columns.
 */
import { createRequire } from 'node:module'
import { MillraceError, messageOf } from '../errors.ts'
import type { StateKind } from '../state/descriptors.ts'
import type { OperatorRecord, StateRecord } from '../state/snapshot.ts'
import type { TypeSchema } from '../types/type.ts'

const PACKAGE = '@duckdb/node-api'
/** DuckDB's own default, in bytes; a line needs room in it. */
const lineBytesMin = 16_777_216
/** What a UTF-16 unit takes at most in UTF-8. */
const bytesPerChar = 3

/** What is used of the package. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string, options: Readonly<Record<string, string>>): Promise<Instance>
  }
}
interface Instance {
  connect(): Promise<Connection>
  closeSync(): void
}
interface Connection {
  run(sql: string): Promise<unknown>
  closeSync(): void
}

export interface ParquetWork {
  /** The file of lines. */
  readonly lines: string
  /** The length of the longest of them in UTF-16 units. */
  readonly longestChars: number
  /** The file that is made. */
  readonly parquet: string
  /** A folder for what does not fit into memory. */
  readonly scratch: string
  /** What `parquetColumns` gives. */
  readonly columns: string
}

/**
 * Loads DuckDB; what it returns writes a Parquet file.
 *
 * @throws `PACKAGE_UNAVAILABLE` if the package is not installed, or does not load.
 */
export function loadParquetWriter(): (work: ParquetWork) => Promise<void> {
  const duckDb = loadDuckDb()
  return async (work) => {
    try {
      await copied(duckDb, work)
    } catch (error) {
      throw new MillraceError('STORAGE_FAILED', `cannot write Parquet: ${messageOf(error)}`, {
        cause: error,
        cure: 'see that the disk has room; --format json-lines writes the same rows',
      })
    }
  }
}

function loadDuckDb(): DuckDb {
  const require = createRequire(import.meta.url)
  try {
    // The package declares these functions so; the tests call each.
    return require(PACKAGE) as DuckDb
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`
    const missing = messageOf(error).includes(`Cannot find module '${PACKAGE}'`)
    const install = `\`npm install ${PACKAGE}\``
    throw new MillraceError(
      'PACKAGE_UNAVAILABLE',
      missing
        ? `the format parquet needs the package ${PACKAGE}, which is not installed`
        : `the package ${PACKAGE} does not load on ${platform}`,
      {
        cause: error,
        cure: `run ${install}, or write --format json-lines`,
      },
    )
  }
}

async function copied(duckDb: DuckDb, work: ParquetWork): Promise<void> {
  const instance = await duckDb.DuckDBInstance.create(':memory:', {
    temp_directory: work.scratch,
    autoinstall_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    try {
      await connection.run(copyStatement(work))
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

/** Folders may be named like patterns or partitions (`year=2024`); neither means anything here. */
function copyStatement({ lines, longestChars, parquet, columns }: ParquetWork): string {
  const pattern = lines.replace(/[[*?]/g, (character) => `[${character}]`)
  const options = [
    "format = 'newline_delimited'",
    "compression = 'uncompressed'",
    'hive_partitioning = false',
    `maximum_object_size = ${Math.max(lineBytesMin, bytesPerChar * longestChars + 1)}`,
    `columns = ${columns}`,
  ]
  const rows = `SELECT * FROM read_json(${text(pattern)}, ${options.join(', ')})`
  return `COPY (${rows}) TO ${text(parquet)} (FORMAT parquet)`
}

/**
 * The columns of an operator's rows: the key, and a struct of the named states. Maps, unions,
 * tuples and what has no fixed shape are JSON.
 */
export function parquetColumns(operator: OperatorRecord, names: readonly string[]): string {
  const key = operator.keyType === undefined ? 'JSON' : columnType(operator.keyType)
  const chosen = operator.states.filter(({ name }) => names.includes(name))
  const states = structOf(chosen.map((state) => [state.name, stateType(state)]))
  return `{'key': ${text(key)}, 'states': ${text(states)}}`
}

const collections: ReadonlySet<StateKind> = new Set(['list', 'deque', 'set'])
const maps: ReadonlySet<StateKind> = new Set(['map', 'sorted-map'])

function stateType({ kind, type }: StateRecord): string {
  if (maps.has(kind)) return 'JSON'
  return collections.has(kind) ? `${columnType(type)}[]` : columnType(type)
}

function columnType(schema: TypeSchema): string {
  switch (schema.kind) {
    case 'string':
    case 'enum':
    case 'bytes':
    case 'date':
      return 'VARCHAR'
    case 'boolean':
      return 'BOOLEAN'
    case 'int32':
      return 'INTEGER'
    case 'int64':
      return 'BIGINT'
    case 'float64':
    case 'timestamp':
      return 'DOUBLE'
    case 'optional':
    case 'nullable':
      return columnType(schema.of)
    case 'list':
      return `${columnType(schema.element)}[]`
    case 'struct':
      return structOf(schema.fields.map(({ name, type }) => [name, columnType(type)]))
    case 'literal':
    case 'tuple':
    case 'map':
    case 'union':
    case 'json':
    case 'dynamic':
      return 'JSON'
  }
}

/** JSON where DuckDB has no such struct: one without fields, or whose names differ in case only. */
function structOf(fields: readonly (readonly [name: string, type: string])[]): string {
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  if (fields.length === 0 || names.size < fields.length || names.has('')) return 'JSON'
  return `STRUCT(${fields.map(([name, type]) => `${identifier(name)} ${type}`).join(', ')})`
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
