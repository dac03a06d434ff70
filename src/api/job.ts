/** `job()`: a job as a value, to be the default export of a module. */
import { MillraceError } from '../errors.ts'
import { Job, type JobOptions } from '../graph/job.ts'
import type { StreamGraph } from '../graph/job-graph.ts'
import type { ParamSchema, ParamsOf, ParamValues } from '../graph/params.ts'
import { GraphBuilder } from '../graph/stream-graph.ts'
import type { AsyncFunctionError } from '../operators/functions.ts'
import { refuseAsyncFunction, refuseAsyncResult } from '../operators/synchronous.ts'
import { Environment } from './environment.ts'
import type { StreamEnvironment } from './streams/data.ts'

/** A name is also the name of a folder and of a control socket. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u

/**
 * Describes a job. `build` chains its streams; it is called anew in every worker, so it is
 * synchronous, without effects, and does the same each time.
 *
 * @param name under which its state is found again: letters, digits, `.`, `_`, `-`.
 * @throws `JOB_GRAPH_INVALID` for a name or options that cannot work.
 *
 * @example
 * export default job('word-count', { params: { input: t.string } }, (env, { input }) => {
 *   env
 *     .fromSource('lines', fileSource({ path: input, format: lines() }))
 *     .flatMap((line) => line.toLowerCase().match(/\p{L}+/gu) ?? [])
 *     .keyBy((word) => word)
 *     .count('counts')
 *     .print()
 * })
 */
export function job(
  name: string,
  build: (env: StreamEnvironment) => void | undefined | AsyncFunctionError,
): Job<{}>
export function job<const P extends ParamSchema = {}>(
  name: string,
  options: JobOptions<P>,
  build: (env: StreamEnvironment, params: ParamsOf<P>) => void | undefined | AsyncFunctionError,
): Job<P>
export function job(
  name: string,
  optionsOrBuild: JobOptions | Build,
  givenBuild?: Build,
): Job<ParamSchema> {
  const [options, build] =
    typeof optionsOrBuild === 'function' ? [{}, optionsOrBuild] : [optionsOrBuild, givenBuild]
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw wrong(
      `${JSON.stringify(name)} is no name for a job`,
      'use letters, digits, ".", "_", "-"',
    )
  }
  const what = `job "${name}"`
  if (typeof options !== 'object' || options === null) {
    throw wrong(`the options of ${what} are no object`, 'write job(name, { … }, build)')
  }
  if (typeof build !== 'function') {
    throw wrong(`${what} has no build function`, 'write job(name, (env) => { … })')
  }
  refuseAsyncFunction(build, `build of ${what}`)
  const params = checkParams(options.params ?? {}, what)
  return new Job(name, options, params, (values) => buildGraph(name, build, values))
}

type Build = (env: StreamEnvironment, params: never) => unknown

function buildGraph(name: string, build: Build, values: ParamValues): StreamGraph {
  const builder = new GraphBuilder(name)
  const environment = new Environment(builder)
  // The overloads of job() have tied the type of params to the schema that made these values.
  const result = build(environment, values as never)
  refuseAsyncResult(result, `build of job "${name}"`)
  return builder.close()
}

function checkParams(params: ParamSchema, what: string): ParamSchema {
  for (const [name, type] of Object.entries(params)) {
    if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name)) {
      throw wrong(`${what}: "${name}" is no name for a parameter`, 'use letters, digits, "_", "-"')
    }
    if (typeof type?.schema?.kind !== 'string') {
      throw wrong(`${what}: parameter "${name}" has no type`, 'declare it: { input: t.string }')
    }
  }
  return params
}

function wrong(message: string, cure: string): MillraceError {
  return new MillraceError('JOB_GRAPH_INVALID', message, { cure })
}
