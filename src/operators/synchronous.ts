/**
 * The run-time half of "functions are synchronous": a promise that slips through the types (from
 * JavaScript, or typed `unknown`) would lose its errors and its order, so the first results of each
 * function are looked at and a promise stops the job.
 */
import { types } from 'node:util'
import { MillraceError } from '../errors.ts'

/** Results that are checked per running function; later ones are trusted, for speed. */
const CHECKED_RESULTS = 8

/** Refuses a function that is `async` by its declaration. */
export function refuseAsyncFunction(fn: unknown, what: string): void {
  if (types.isAsyncFunction(fn)) throw asynchronous(what)
}

/** Refuses a result that is a promise or an async iterator. */
export function refuseAsyncResult(result: unknown, what: string): void {
  if (typeof result !== 'object' || result === null) return
  const isAsync =
    ('then' in result && typeof result.then === 'function') || Symbol.asyncIterator in result
  if (!isAsync) return
  // Nobody will await it: its rejection must not end the process on top of the error thrown here.
  if (result instanceof Promise) result.catch(() => undefined)
  throw asynchronous(what)
}

/** Looks at the first results of one running function: none may be a promise. */
export class ResultCheck {
  readonly #what: string
  #unchecked = CHECKED_RESULTS

  /** @param what names the function in messages. */
  constructor(what: string) {
    this.#what = what
  }

  check(result: unknown): void {
    if (this.#unchecked === 0) return
    this.#unchecked--
    refuseAsyncResult(result, this.#what)
  }
}

/** `fn`, with its first results looked at. */
export function synchronous<A, B, R>(fn: (a: A, b: B) => R, what: string): (a: A, b: B) => R {
  refuseAsyncFunction(fn, what)
  const results = new ResultCheck(what)
  return (a, b) => {
    const result = fn(a, b)
    results.check(result)
    return result
  }
}

function asynchronous(what: string): MillraceError {
  return new MillraceError('JOB_ASYNC_FUNCTION', `the function of ${what} is asynchronous`, {
    cure: 'functions are synchronous: return the value itself, or use asyncMap for calls outside',
    details: { operator: what },
  })
}
