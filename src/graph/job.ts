/**
 * A job as a value: a name, options, declared parameters, and how to build its graph. `job()` in
 * `api/` makes it; the runtime only sees this. It is branded by a registered symbol, so that a job
 * made by a second copy of the package is recognised and refused in words.
 */
import type { PlainJobOptions } from '../config/job-options.ts'
import { MillraceError, type ErrorDetails } from '../errors.ts'
import type { StateBackend } from '../state/backend.ts'
import { VERSION } from '../util/version.ts'
import type { StreamGraph } from './job-graph.ts'
import type { ParamSchema, ParamValues } from './params.ts'

/** The options of a job that the table of options knows. */
export interface JobSettings extends PlainJobOptions {
  /** Where working state lives: `hashmap()`, `rocksdb()`, or one of their names. */
  readonly backend?: StateBackend | 'auto' | 'hashmap' | 'rocksdb'
}

/** What may stand between name and `build` in `job(name, options, build)`. */
export interface JobOptions<P extends ParamSchema = ParamSchema> extends JobSettings {
  /** Parameters by name; `build` gets their values, typed. */
  readonly params?: P
  /** If true, state, keys and exchanged records must have declared types. Default: false. */
  readonly strictTypes?: boolean
}

const BRAND = Symbol.for('millrace.job')

/** A job. Make it with `job()`, export it by default from a module, run it with `run()`. */
export class Job<P extends ParamSchema = ParamSchema> {
  readonly [BRAND] = VERSION
  readonly name: string
  /** Options as given in code, for the table of options; without params and strictTypes. */
  readonly settings: JobSettings
  readonly params: P
  readonly strictTypes: boolean
  readonly #build: (params: ParamValues) => StreamGraph

  constructor(
    name: string,
    options: JobOptions<ParamSchema>,
    params: P,
    build: (params: ParamValues) => StreamGraph,
  ) {
    const { params: _params, strictTypes = false, ...settings } = options
    this.name = name
    this.settings = Object.freeze(settings)
    this.params = Object.freeze({ ...params })
    this.strictTypes = strictTypes
    this.#build = build
    Object.freeze(this)
  }

  /** Runs the user's `build`; `params` are those of `parseParams`. */
  streamGraph(params: ParamValues): StreamGraph {
    return this.#build(params)
  }

  static isOwn(value: unknown): value is Job {
    return typeof value === 'object' && value !== null && #build in value
  }
}

/**
 * The value as a job.
 *
 * @param origin names where it came from, for messages: `the default export of count.ts`.
 * @throws `JOB_DUPLICATE_PACKAGE` for a job of another copy, else `JOB_MODULE_INVALID`.
 */
export function asJob(value: unknown, origin = 'the value', details: ErrorDetails = {}): Job {
  if (Job.isOwn(value)) return value
  if (typeof value === 'object' && value !== null && BRAND in value) {
    const other = String(value[BRAND])
    const which = other === VERSION ? `another copy of it (${VERSION} too)` : `version ${other}`
    throw new MillraceError(
      'JOB_DUPLICATE_PACKAGE',
      `${origin} is a job made by ${which}, not by this millrace ${VERSION}`,
      { details: { ...details, version: VERSION, otherVersion: other } },
    )
  }
  throw new MillraceError('JOB_MODULE_INVALID', `${origin} is ${kindOf(value)}, not a job`, {
    cure: "write: export default job('name', (env) => { … })",
    details,
  })
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value instanceof Promise) return 'a promise'
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`
}
