/** Where in the user's code a stream was chained: for labels and messages, never for behaviour. */
import { fileURLToPath } from 'node:url'

/** The folder of the package's code; frames inside it are not the user's. */
const OWN_URL = new URL('..', import.meta.url).href
const OWN = fileURLToPath(OWN_URL)
/** The user's is among the first few, but for what calls a stream's method on the way. */
const FRAMES = [4, 18]
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/

/** `path:line:column` of the first frame outside the package; undefined if there is none. */
export function callSite(): string | undefined {
  for (const frames of FRAMES) {
    const found = firstOutside(frames)
    if (found !== undefined) return found
  }
  return undefined
}

function firstOutside(frames: number): string | undefined {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  const above = { stack: '' }
  Error.captureStackTrace(above, callSite)
  Error.stackTraceLimit = before
  const { stack } = above
  for (const line of stack.split('\n')) {
    if (line.includes(OWN_URL)) continue
    const [, place, lineNumber = '', column = ''] = FRAME.exec(line.trimEnd()) ?? []
    if (place === undefined) continue
    const path = place.startsWith('file://') ? pathOf(place) : place
    if (!path.startsWith(OWN)) return `${path}:${lineNumber}:${column}`
  }
  return undefined
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
