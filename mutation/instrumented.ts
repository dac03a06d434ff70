// The code under test as Stryker has instrumented it: what it reads to know which mutant is active,
// and how it is loaded.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Stryker's own object, shared with the instrumented code; the names are Stryker's. */
interface Instrumentation {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: Coverage
  hitCount?: number | undefined
  hitLimit?: number | undefined
  /** Ours: what is reached is not counted any more. */
  isQuiet?: boolean
}

/** By test and by mutant: how often the test reaches it. */
export interface Coverage {
  readonly perTest: Record<string, Readonly<Record<string, number>>>
}

declare global {
  var __stryker__: Instrumentation | undefined
}

export const instrumentation: Instrumentation = (globalThis.__stryker__ ??= {})

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

/** Counting takes most of the time of instrumented code, and is of use in the first run alone. */
export function letCountingEnd(): void {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      const { source } = loaded
      if (!url.includes('/src/') || source === undefined || source === null) return loaded
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
      return { ...loaded, source: text.replace('function cover() {', '$& if (ns.isQuiet) return;') }
    },
  })
}

/** Switches a mutant on, which may be reached `hitLimit` times before it throws. */
export function activate(id: string, hitLimit: number | undefined): void {
  // As the name of a property the text is the same object as in the code: compared by its address.
  const [name] = Object.keys({ [id]: true })
  instrumentation.activeMutant = name
  instrumentation.hitLimit = hitLimit
  instrumentation.hitCount = hitLimit === undefined ? undefined : 0
}

/** Switches it off; true if it was reached too often. */
export function deactivate(): boolean {
  const { hitCount = 0, hitLimit = 0 } = instrumentation
  instrumentation.activeMutant = undefined
  return hitCount > hitLimit
}
