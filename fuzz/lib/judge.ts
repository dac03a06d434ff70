// Gives an input to a target and says what is wrong with what came of it, if anything is:
//
//   crash       an error that is not one of the target's codes, or that has a crash as its cause
//   slow        more than a second of processor time for what is at most 64 KiB
//   memory      buffers of over four times the input, or heap far out of proportion to it
//   prototype   all objects, or one that was decoded, have got something by their prototype
//   round-trip  what was decoded cannot be encoded, or is another value when decoded again
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual, types } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { isAssertionError, isMillraceError, messageOf } from '../../src/errors.ts'
import type { FuzzTarget } from './target.ts'

export interface Finding {
  readonly kind: 'crash' | 'slow' | 'memory' | 'prototype' | 'round-trip'
  readonly message: string
  /** The same for the same defect: kind, error and the place in the sources. */
  readonly key: string
}

export const INPUT_BYTES_MAX = 64 * 1024
const SLOW_MS = 1_000
const BUFFER_FACTOR = 4
const BUFFER_BYTES = 64 * 1024
/** Garbage included: what takes one byte as input may be an empty map of some 300. */
const HEAP_FACTOR = 1_000
/** V8 accounts for its memory in pages. */
const HEAP_BYTES = 4 * 1024 * 1024
const OBJECTS_MAX = 20_000

/** Undefined if all is well. */
export async function judge(target: FuzzTarget, input: Buffer): Promise<Finding | undefined> {
  if (target.isAsync !== true) return judgeAtOnce(target, input)
  const found = await attemptLater(target, input)
  return isMeasured(found) ? await attemptLater(target, input) : found
}

/** For targets that are not asynchronous. */
export function judgeAtOnce(target: FuzzTarget, input: Buffer): Finding | undefined {
  const found = attempt(target, input)
  return isMeasured(found) ? attempt(target, input) : found
}

/** Then once more: the first time code is compiled, and what was before may be counted in. */
function isMeasured(found: Finding | undefined): boolean {
  return found?.kind === 'slow' || found?.kind === 'memory'
}

async function attemptLater(target: FuzzTarget, input: Buffer): Promise<Finding | undefined> {
  const measured = measure()
  const outcome = await Promise.resolve(target.decode(input)).then(
    (value: unknown): Outcome => ({ value }),
    (error: unknown): Outcome => ({ error }),
  )
  return measured(target, input) ?? problemOf(target, outcome)
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

function attempt(target: FuzzTarget, input: Buffer): Finding | undefined {
  const measured = measure()
  let outcome: Outcome
  try {
    outcome = { value: target.decode(input) }
  } catch (error) {
    outcome = { error }
  }
  return measured(target, input) ?? problemOf(target, outcome)
}

/** Time and memory from now on. */
function measure(): (target: FuzzTarget, input: Buffer) => Finding | undefined {
  const before = getHeapStatistics()
  const timeBefore = process.threadCpuUsage()
  return (target, input) => {
    const { user, system } = process.threadCpuUsage(timeBefore)
    const now = getHeapStatistics()
    const tookMs = Math.round((user + system) / 1_000)
    if (tookMs > SLOW_MS) return { kind: 'slow', message: `${tookMs} ms`, key: 'slow' }
    const buffers = now.external_memory - before.external_memory
    if (buffers > BUFFER_FACTOR * input.length + (target.bufferBytesMax ?? BUFFER_BYTES)) {
      const message = `${buffers} bytes of buffers for ${input.length} bytes`
      return { kind: 'memory', message, key: 'memory: buffers' }
    }
    const heap = now.total_allocated_bytes - before.total_allocated_bytes
    if (heap <= (target.heapFactor ?? HEAP_FACTOR) * input.length + HEAP_BYTES) return undefined
    return {
      kind: 'memory',
      message: `${heap} bytes of heap for ${input.length} bytes`,
      key: 'memory: heap',
    }
  }
}

function problemOf(target: FuzzTarget, outcome: Outcome): Finding | undefined {
  for (const name in {}) {
    return { kind: 'prototype', message: `all objects have got ${name}`, key: `prototype: ${name}` }
  }
  if ('error' in outcome) return refusalProblem(target, outcome.error)
  const { value } = outcome
  if (hasOddPrototype(value, new Set())) {
    const message = 'an object that was decoded has another prototype than plain objects'
    return { kind: 'prototype', message, key: 'prototype of a value' }
  }
  if (target.encode === undefined) return undefined
  const trip = (message: string, place: string): Finding => {
    return { kind: 'round-trip', message, key: `round-trip ${place}` }
  }
  try {
    const again = target.decode(Buffer.from(target.encode(value)))
    if (isDeepStrictEqual(again, value)) return undefined
    return trip('what was decoded is another value when decoded again', '')
  } catch (error) {
    const message = `what was decoded cannot be encoded and decoded again: ${messageOf(error)}`
    return trip(message, placeOf(error))
  }
}

function refusalProblem({ codes }: FuzzTarget, error: unknown): Finding | undefined {
  if (!isMillraceError(error) || !codes.includes(error.code)) return crash(error)
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    // Those of Node itself, for arguments that it does not take, have a code.
    const isDefect = cause instanceof TypeError && !('code' in cause)
    if (isDefect || isAssertionError(cause)) return crash(cause)
  }
  return undefined
}

function crash(error: unknown): Finding {
  const code = isMillraceError(error) ? ` ${error.code}` : ''
  const name = error instanceof Error ? error.constructor.name : typeof error
  const message = `${name}${code}: ${messageOf(error).slice(0, 300)}${placeOf(error)}`
  return { kind: 'crash', message, key: `crash: ${name}${code}${placeOf(error)}` }
}

/** Where in the engine an error comes from, as far as its stack tells. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const line = stack.split('\n').find((each) => /^\s+at .*\/src\//.test(each)) ?? ''
  return line
    .replace(/^\s+at /, ' at ')
    .replace(/\(.*\/src\//, '(src/')
    .replace(/:\d+\)$/, ')')
}

/** Whether a plain object among what was decoded inherits from something of the input. */
function hasOddPrototype(value: unknown, seen: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  if (seen.size > OBJECTS_MAX || ArrayBuffer.isView(value)) return false
  seen.add(value)
  if (value instanceof Map) {
    return [...value].some(([key, held]) => {
      return hasOddPrototype(key, seen) || hasOddPrototype(held, seen)
    })
  }
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].some((item) => hasOddPrototype(item, seen))
  }
  if (types.isDate(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Those of classes and of what has none are the engine's own; an object's own data has no code.
  const isOwn = prototype === null || Object.hasOwn(prototype as object, 'constructor')
  return !isOwn || Object.values(value).some((field) => hasOddPrototype(field, seen))
}
