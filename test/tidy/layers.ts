// The table of layers (STYLE.md): which room may import which. A room is a folder of src/, or a
// file that lies in src/ itself.

/** A file may import from its own room and from rooms of lower rows. */
const rows: readonly (readonly string[])[] = [
  ['util', 'errors'],
  ['types', 'config'],
  ['storage', 'state', 'time', 'metrics', 'encryption', 'signing'],
  ['operators'],
  ['graph', 'checkpoint'],
  ['api', 'runtime'],
  ['avro', 'connectors', 'savepoint', 'ha', 'rest', 'security'],
  ['cli', 'flink', 'testing', 'dashboard'],
  ['index', 'spi'],
]

/** What is allowed besides, within a row or up, and not back. */
const sideways = new Set([
  'util → errors',
  'state → storage',
  'state → time',
  'encryption → storage',
  'signing → encryption',
  'signing → storage',
  'checkpoint → graph',
  // fromElements() and print(); connectors see only contracts, so nothing comes back.
  'api → connectors',
])

/** Rooms that see only some of the lower ones. */
const only: Readonly<Record<string, readonly string[]>> = {
  avro: ['types', 'util', 'errors'],
  connectors: ['operators', 'types', 'state', 'storage', 'util', 'errors'],
}

/**
 * Modules that only some files may import, because they reach outside the engine: the
 * beginnings of their paths.
 */
const guarded: Readonly<Record<string, readonly string[]>> = {
  'node:fs': [
    'cli/',
    'config/load.ts',
    'connectors/file',
    'connectors/journal',
    'runtime/control-socket.ts',
    'runtime/control/audit-log.ts',
    'runtime/control/savepoint-place.ts',
    'runtime/control/secrets.ts',
    'runtime/control/tls.ts',
    'runtime/host-embedded',
    'runtime/job-claim.ts',
    'runtime/module-missing.ts',
    'runtime/process-identity.ts',
    'state/rocksdb/',
    'storage/hdfs/configuration.ts',
    'storage/local',
    'storage/remote/authority.ts',
    'storage/remote/token.ts',
    'storage/scratch-local.ts',
  ],
  'node:worker_threads': [
    'runtime/host',
    'runtime/worker',
    'runtime/exchange/worker',
    'state/remote/helper',
  ],
  '@aws-sdk/client-s3': ['storage/s3/sdk.ts'],
  '@duckdb/node-api': ['cli/parquet.ts'],
  'cassandra-driver': ['storage/cassandra/driver.ts'],
  '@nxtedition/rocksdb': ['state/rocksdb/binding.ts'],
  yaml: ['cli/', 'config/'],
}

const rowOf = new Map(rows.flatMap((rooms, row) => rooms.map((room) => [room, row] as const)))

export function roomOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? ''
}

/** Why a file of src/ may not import another one; undefined if it may. */
export function whyNotImport(from: string, to: string): string | undefined {
  const [room, other] = [roomOf(from), roomOf(to)]
  if (!to.startsWith('src/')) return `src imports ${to}, which is outside`
  const [row, otherRow] = [rowOf.get(room), rowOf.get(other)]
  if (row === undefined) return `the room ${room} is not in the table of layers`
  if (otherRow === undefined) return `the room ${other} is not in the table of layers`
  if (room === other) return undefined
  if (only[room]?.includes(other) === false) return `${room} may not import ${other}`
  if (otherRow < row || sideways.has(`${room} → ${other}`)) return undefined
  return `${room} (row ${row}) imports ${other} (row ${otherRow})`
}

/** Why a file of src/ may not import a module from outside the repository. */
export function whyNotModule(from: string, name: string): string | undefined {
  const module = name.replace(/^node:fs\/promises$/, 'node:fs')
  if (module.startsWith('node:timers')) return `${name}: take a Clock`
  const places = guarded[module]
  if (places?.some((place) => from.startsWith(`src/${place}`))) return undefined
  if (places !== undefined) return `${name} does not belong here`
  return module.startsWith('node:') ? undefined : `${name} is not a dependency of the package`
}
