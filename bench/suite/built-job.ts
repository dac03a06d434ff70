/**
 * A job as its users run it who build their programs: one file of JavaScript. Of a .ts file Node
 * has to strip the types first, and loads 50 ms of WebAssembly for that into each worker.
 */
import { join, parse } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const FOLDER = join(import.meta.dirname, '..', 'results', 'jobs')

/** Bundles a module of `bench/jobs`; packages, `millrace` among them, stay outside. */
export async function builtJob(module: URL): Promise<URL> {
  const { build } = await import('rolldown')
  const input = fileURLToPath(module)
  const file = join(FOLDER, `${parse(input).name}.js`)
  await build({ input, platform: 'node', external: /^[^./]/, output: { file }, logLevel: 'warn' })
  return pathToFileURL(file)
}
