// Loads a production module whose globals are others, and whose private fields can be seen: for
// explorers that run it step by step. Its text may be changed, to see that a bug would be found.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'

export interface Change {
  readonly from: string
  readonly to: string
}

export interface Instrumented {
  /** From `src`, such as `runtime/exchange/ring.ts`. */
  readonly path: string
  /** What the module sees under these names. */
  readonly globals: Readonly<Record<string, unknown>>
  readonly changes?: readonly Change[]
}

const GLOBALS = Symbol.for('millrace.explored')
const QUERY = '?explored='

/** By number. */
const loading: Instrumented[] = []
let isHooked = false

/** The module, anew for each call. */
export async function instrumented(module: Instrumented): Promise<Record<string, unknown>> {
  hook()
  const number = loading.push(module) - 1
  Reflect.set(globalThis, GLOBALS, loading)
  const url = new URL(`../../src/${module.path}`, import.meta.url)
  return import(`${url.href}${QUERY}${number}`)
}

function hook(): void {
  if (isHooked) return
  isHooked = true
  registerHooks({
    load(url, context, nextLoad) {
      const [file, number] = url.split(QUERY)
      const module = number === undefined ? undefined : loading[Number(number)]
      if (file === undefined || module === undefined) return nextLoad(url, context)
      return {
        format: 'module',
        shortCircuit: true,
        source: sourceOf(file, module, Number(number)),
      }
    },
  })
}

function sourceOf(file: string, { path, globals, changes = [] }: Instrumented, number: number) {
  let text = readFileSync(new URL(file), 'utf8')
  for (const { from, to } of changes) {
    assert.equal(text.split(from).length, 2, `${path} holds once: ${from}`)
    text = text.replace(from, () => to)
  }
  const visible = stripTypeScriptTypes(text).replaceAll(/#(\w+)/g, '_$1')
  const names = Object.keys(globals).join(', ')
  const from = `globalThis[Symbol.for('millrace.explored')][${number}].globals`
  return `const { ${names} } = ${from};${visible}`
}
