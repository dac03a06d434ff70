// Bundles what is published: the modules of src/ in a few files of dist/, for most of the time that
// a process or a worker thread takes to start is finding, reading and linking modules (RFC 0016).
// Each entry stays at the place that it has in src/, with what it shares with others in chunks.
import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import * as esbuild from 'esbuild'
import { root } from './process.ts'

const SOURCES = join(root, 'src')

/** What is loaded by its place, by threads or as a command; package.json exports the others. */
const LOADED_BY_PLACE = [
  'cli/bin',
  'runtime/worker-thread',
  'runtime/host-sealer-thread',
  'state/remote/helper-entry',
  'state/cassandra/table',
  'state/hbase/table',
  'state/object-store/open-table',
]

export async function bundle(): Promise<void> {
  const entries = [...(await exported()), ...LOADED_BY_PLACE]
  await esbuild.build({
    entryPoints: entries.map((entry) => join(SOURCES, `${entry}.ts`)),
    outdir: join(root, 'dist'),
    outbase: SOURCES,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    // One module is imported for what it does: package.json says of the bundle that none is.
    ignoreAnnotations: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [placesOfModules],
  })
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
const placesOfModules: esbuild.Plugin = {
  name: 'places-of-modules',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const place = relative(SOURCES, path).split(sep).join('/').replace(/\.ts$/, '.js')
      const url = `(${OWN_FOLDER} + ${JSON.stringify(place)})`
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' }
    })
  },
}

/** Of a file in dist/ the folder dist/; no name below it is the same. */
const OWN_FOLDER = `import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/') + 6)`
