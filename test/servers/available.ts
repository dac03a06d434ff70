// Whether a real server can be had: in `npm test` it is one skipped test that says why and how to
// have it; `npm run test:servers` refuses to skip.
import { test } from 'node:test'

const READY_MS = 60_000
/** A first start fetches the jars. */
const READY_IN_FULL_MS = 600_000

const mode = process.env['MILLRACE_TEST_SERVERS']
/** Whether everything is run, and nothing may be skipped; `short`: nothing may be skipped. */
export const isFull = mode === 'all'
const isRequired = isFull || mode === 'short'

/**
 * Starts a server, or defines the one test that says that it could not be had.
 *
 * @returns undefined if it could not.
 */
export async function started<Server>(
  name: string,
  start: (signal: AbortSignal) => Promise<Server>,
): Promise<Server | undefined> {
  const time = AbortSignal.timeout(isRequired ? READY_IN_FULL_MS : READY_MS)
  try {
    return await start(time)
  } catch (error) {
    if (isRequired) throw error
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    const skip = `${why}; with Java 17 and Maven: npm run test:servers`
    test(`${name} is not to be had here`, { skip }, () => undefined)
    return undefined
  }
}

/** The same for servers that take too much for `npm test`, which leaves them out. */
export async function startedIfRequired<Server>(
  name: string,
  start: (signal: AbortSignal) => Promise<Server>,
): Promise<Server | undefined> {
  if (isRequired) return started(name, start)
  test(`${name} is tested by itself`, { skip: 'run npm run test:servers' }, () => undefined)
  return undefined
}
