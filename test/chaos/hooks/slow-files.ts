/**
 * Loaded before the program, in each of its threads: slowed file calls. They take some milliseconds
 * longer, now and then a third of a second, as on a disk that is busy with something else. This is
 * not a slow disk: what the system does below a call is as fast as ever.
 */
import { promises, type PathLike } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const USUAL_MS_MAX = 12
const LONG_MS = 300
const LONG_ONE_IN = 60

function delay(): Promise<void> {
  const isLong = Math.random() * LONG_ONE_IN < 1
  const ms = isLong ? LONG_MS : Math.random() * USUAL_MS_MAX
  return new Promise((resolve) => void setTimeout(resolve, ms))
}

type Call = (...args: unknown[]) => Promise<unknown>

/** `target` is an object with asynchronous methods of these names. */
function slow(target: object, names: readonly string[]): void {
  const methods = target as Record<string, Call | undefined> // only those that are there are called
  for (const name of names) {
    const call = methods[name]
    if (call === undefined) continue
    methods[name] = async function (this: unknown, ...args: unknown[]) {
      await delay()
      return call.apply(this, args)
    }
  }
}

const { open } = promises
let isPrototypeSlow = false
promises.open = async (path: PathLike, ...rest) => {
  await delay()
  const file = await open(path, ...rest)
  if (!isPrototypeSlow) {
    isPrototypeSlow = true
    const prototype: unknown = Object.getPrototypeOf(file)
    if (typeof prototype === 'object' && prototype !== null) {
      slow(prototype, ['write', 'writev', 'writeFile', 'read', 'sync', 'datasync', 'close'])
    }
  }
  return file
}
slow(promises, [
  'link',
  'rename',
  'unlink',
  'rm',
  'mkdir',
  'readdir',
  'stat',
  'readFile',
  'writeFile',
])
syncBuiltinESMExports()
