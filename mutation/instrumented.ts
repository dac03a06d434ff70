// The code under test as Stryker has instrumented it: what it reads to know which mutant is active,
// and how it is loaded.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Stryker's own object, shared with the instrumented code; the names are Stryker's. */
interface Instrumentation {
  /** Its number; the names of mutants are numbers as text. */
  activeMutant?: number | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  /** Ours: by the number of a mutant, how often it was reached since `takeHits`. */
  hits?: Uint32Array | undefined
}

/** By mutant: how often it was reached. */
export type Hits = Readonly<Record<string, number>>

declare global {
  var __stryker__: Instrumentation | undefined
}

const MUTANTS_MAX = 1 << 16

const instrumentation: Instrumentation = (globalThis.__stryker__ ??= {})
instrumentation.hits = new Uint32Array(MUTANTS_MAX)

/** From now on `specifier` is one of the files here, but for what that file itself imports. */
export function standIn(specifier: string, file: string): void {
  const url = pathToFileURL(join(import.meta.dirname, file)).href
  registerHooks({
    resolve: (wanted, context, next) =>
      wanted === specifier && context.parentURL !== url
        ? { url, shortCircuit: true }
        : next(wanted, context),
  })
}

/**
 * Stryker's code counts by text in objects and compares texts, which takes most of the time of a
 * test. With numbers instead tests are about as fast as without it.
 */
export function countByNumber(): void {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      const { source } = loaded
      if (!url.includes('/src/') || source === undefined || source === null) return loaded
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
      return { ...loaded, source: numbered(text) }
    },
  })
}

function numbered(text: string): string {
  return text
    .replaceAll(/\bstry(?:MutAct|Cov)_\w+\([^()]+\)/g, (call) => call.replaceAll('"', ''))
    .replace(/function cover\(\) \{/, '$& const hits = ns.hits; if (!hits) return;')
    .replace(/c\[a\[i\]\] = .*/, 'hits[a[i]]++;')
}

/** What was reached since it was last asked. */
export function takeHits(): Hits {
  const { hits = new Uint32Array() } = instrumentation
  const taken: Record<string, number> = {}
  for (const [id, count] of hits.entries()) if (count > 0) taken[id] = count
  hits.fill(0)
  return taken
}

/** From now on nothing is counted. */
export function endCounting(): void {
  instrumentation.hits = undefined
}

/** Switches a mutant on, which may be reached `hitLimit` times before it throws. */
export function activate(id: string, hitLimit: number | undefined): void {
  instrumentation.activeMutant = Number(id)
  instrumentation.hitLimit = hitLimit
  instrumentation.hitCount = hitLimit === undefined ? undefined : 0
}

/** Switches it off; true if it was reached too often. */
export function deactivate(): boolean {
  const { hitCount = 0, hitLimit = 0 } = instrumentation
  instrumentation.activeMutant = undefined
  return hitCount > hitLimit
}
