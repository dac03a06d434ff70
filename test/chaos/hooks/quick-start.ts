/**
 * Loaded before the program: says where the engine's own modules lie without looking for them. Half
 * of the time of a start goes into finding modules, and processes start here all the time.
 */
import { registerHooks } from 'node:module'

const sources = new URL('../../../src/', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const from = context.parentURL
    if (from?.startsWith(sources) !== true || !/^\.\.?\/.*\.ts$/.test(specifier)) {
      return next(specifier, context)
    }
    const { href: url } = new URL(specifier, from)
    return { url, format: 'module-typescript', shortCircuit: true }
  },
})
