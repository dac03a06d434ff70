// Bundles what is published: the modules of src/ in a few files of dist/, for most of the time that
// a process or a worker thread takes to start is finding, reading and linking modules (RFC 0016).
// Each entry stays at the place that it has in src/, with what it shares with others in chunks.
import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { type ChunkingContext, type Plugin, rolldown } from 'rolldown'
import { root } from './process.ts'

const SOURCES = join(root, 'src')

/** What is loaded by its place, by threads or as a command; package.json exports the others. */
const LOADED_BY_PLACE = [
  'cli/bin',
  'runtime/worker-thread',
  'runtime/host-sealer-thread',
  'runtime/host-merger-thread',
  'state/remote/helper-entry',
  'state/cassandra/table',
  'state/hbase/table',
  'state/object-store/open-table',
]

export async function bundle(): Promise<void> {
  const entries = [...(await exported()), ...LOADED_BY_PLACE]
  const input = Object.fromEntries(entries.map((entry) => [entry, sourceOf(entry)]))
  const bundled = await rolldown({
    input,
    platform: 'node',
    // Packages stay outside.
    external: /^[^./]/,
    // One module is imported for what it does: package.json says of the bundle that none is.
    treeshake: { moduleSideEffects: true },
    preserveEntrySignatures: 'allow-extension',
    plugins: [placesOfModules],
  })
  await bundled.write({
    dir: join(root, 'dist'),
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true,
    comments: { legal: false, annotation: false, jsdoc: false },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: chunkNames(new Set(Object.values(input))), debugName: 'by thread' }],
    },
  })
  await bundled.close()
}

const sourceOf = (entry: string): string => join(SOURCES, `${entry}.ts`)

/**
 * What threads load at their start lies in few files: finding, reading and linking one takes as
 * long as compiling a hundred kilobytes. A module is put beside those that the same ones of these
 * need, so none loads code that it does not need. All others are put together as the bundler likes.
 */
function chunkNames(
  entries: ReadonlySet<string>,
): (id: string, context: ChunkingContext) => string | null {
  let needs: ReturnType<typeof needsOf> | undefined
  return (id, context) => {
    if (entries.has(id)) return null
    needs ??= needsOf(context)
    const { command, api, master, worker } = needs
    const isNeeded = api.has(id) || master.has(id) || worker.has(id)
    if (isNeeded && command.has(id)) return 'base'
    if (api.has(id)) return 'api'
    if (master.has(id)) return worker.has(id) ? 'runtime' : 'master'
    return worker.has(id) ? 'worker' : null
  }
}

/** What is loaded by the command, with modules of jobs, by the first `run`, and by a worker. */
function needsOf(context: ChunkingContext): {
  readonly [each in 'command' | 'api' | 'master' | 'worker']: ReadonlySet<string>
} {
  const needed = (entry: string): ReadonlySet<string> => {
    const found = new Set([sourceOf(entry)])
    for (const id of found) {
      for (const imported of context.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
    }
    return found
  }
  return {
    command: needed('cli/main'),
    api: needed('index'),
    master: needed('runtime/run-on'),
    worker: needed('runtime/worker-thread'),
  }
}

/** Entries of the package, by the sources that they are made of. */
async function exported(): Promise<string[]> {
  // Our own package.json.
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  }
  return Object.values(manifest.exports).flatMap((entry) => {
    const source = typeof entry === 'string' ? undefined : entry['millrace-source']
    return source === undefined ? [] : [source.slice('./src/'.length, -'.ts'.length)]
  })
}

/**
 * Modules find others, and packages, from where they lie: in the sources as in the build. So each
 * is told the place that it would have by itself, whatever file it has come to be in.
 */
const placesOfModules: Plugin = {
  name: 'places-of-modules',
  transform(text, id) {
    if (!text.includes('import.meta.url')) return undefined
    const place = relative(SOURCES, id).split(sep).join('/').replace(/\.ts$/, '.js')
    const url = `(${OWN_FOLDER} + ${JSON.stringify(place)})`
    // All lines stay where they are.
    return { code: text.replaceAll('import.meta.url', url), map: null }
  },
}

/** Of a file in dist/ the folder dist/; no name below it is the same. */
const OWN_FOLDER = `import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/') + 6)`
