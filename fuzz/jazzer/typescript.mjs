// Takes the types out of the sources before Jazzer's loader sees them: it instruments JavaScript
// only. Loaders that are registered later are called first and ask those before.
import { Buffer } from 'node:buffer'
import { register, stripTypeScriptTypes } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url)

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  if (loaded.format !== 'module-typescript') return loaded
  const source = stripTypeScriptTypes(Buffer.from(loaded.source).toString('utf8'))
  return { ...loaded, format: 'module', source }
}
