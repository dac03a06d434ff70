/** Puts a bug into this process: its module is changed while it is loaded, in memory only. */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setEnvironmentData } from 'node:worker_threads'
import { type PlantedBug, planted } from './bug.ts'

const root = join(import.meta.dirname, '../..')

/**
 * Plants a bug from now on, also in threads that begin later and ask for it; nothing of the engine
 * may have been imported yet.
 *
 * @returns whether its module has been loaded by now.
 */
export function plant(bug: PlantedBug): () => boolean {
  setEnvironmentData('planted bug', bug)
  const target = pathToFileURL(join(root, bug.file)).href
  let isLoaded = false
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const { source } = loaded
      if (!(source instanceof Uint8Array)) throw new Error(`${bug.file} was not loaded as bytes`)
      isLoaded = true
      return { ...loaded, source: planted(new TextDecoder().decode(source), bug) }
    },
  })
  return () => isLoaded
}
