/**
 * Loads the module of a job: in a worker to run it, in the CLI to plan it. What Node says when a
 * module does not load becomes `JOB_MODULE_INVALID` with file, line, cause and cure
 * (`module-problems.ts`); a module that loads but holds no job is told apart here.
 */
import { fileURLToPath } from 'node:url'
import { isMillraceError, MillraceError } from '../errors.ts'
import { asJob, Job } from '../graph/job.ts'
import { explainModuleError } from './module-problems.ts'
import { moduleUrl } from './module-url.ts'

/** Kinds of files that Node runs as modules. */
const extensions = /\.(?:[mc]?ts|[mc]?js)$/

const example = "export default job('my-job', (env) => { … })"

/**
 * The job that is the default export of a module.
 *
 * @param location a `file:` URL, or a path from the working directory.
 * @throws `JOB_MODULE_INVALID`, `JOB_DUPLICATE_PACKAGE`; errors of Millrace that the module itself
 *   raises pass unchanged.
 */
export async function loadJobModule(location: string | URL): Promise<Job> {
  const url = moduleUrl(location)
  const file = fileURLToPath(url)
  if (!extensions.test(url.pathname)) {
    throw invalid(`${file} is no module`, 'give a .ts, .mts, .js or .mjs file', file)
  }
  let module: object
  try {
    // A module namespace is an object, whatever the file holds.
    module = (await import(url.href)) as object
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw await explainModuleError(error, file)
  }
  return jobOf(module, file)
}

function jobOf(module: object, file: string): Job {
  if ('module.exports' in module) {
    const cure = `write an ES module (.ts or .mjs, or under "type": "module"): ${example}`
    throw invalid(`${file} is a CommonJS module`, cure, file)
  }
  if ('default' in module) return asJob(module.default, `the default export of ${file}`, { file })
  const named = Object.entries(module).find(([, value]) => Job.isOwn(value))?.[0]
  const cure = named === undefined ? `write ${example}` : `add: export default ${named}`
  throw invalid(`${file} has no default export`, cure, file)
}

function invalid(message: string, cure: string, file: string): MillraceError {
  return new MillraceError('JOB_MODULE_INVALID', message, { cure, details: { file } })
}
