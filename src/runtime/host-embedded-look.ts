/**
 * A look at the thread of a worker that does not answer: where its JavaScript is, found by the
 * debugger of the engine, which can stop a loop, note its frames and let it go on. So a function
 * that hangs is named though nobody ever wrote down which one was called: records pay nothing.
 */
import { Session, url as debuggerUrl } from 'node:inspector'
import { systemClock } from '../util/clock.ts'
import { FUSED_SCHEME } from './fused-chain.ts'
import type { WorkerLook } from './heartbeat.ts'

interface Frame {
  readonly callFrameId: string
  readonly functionName: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number }
}

/**
 * What a frame of the engine knows: what its `this` says of itself, and where in a batch it is, by
 * the names that its functions have for that. Files tell nothing: the package has few.
 */
const KNOWN = `(() => {
  const ask = (tell) => { try { return tell() } catch { return undefined } }
  const number = (value) => (typeof value === 'number' ? value : undefined)
  return {
    ...ask(() => this.whereabouts),
    ...ask(() => (typeof index === 'number' ? { place: split.place(index) } : {})),
    progress: [
      ask(() => number(at)),
      ask(() => number(index)),
      ask(() => (typeof time === 'number' && typeof name === 'string' ? [time, name] : undefined)),
    ],
  }
})()`
/** The same for functions of fused chains, which are no files. */
const KNOWN_OF_FUSED = "({ ...(at < 0 ? {} : { operator: chain.labels[at] }), progress: '' })"
const ENGINE = new URL('../', import.meta.url).href
const FRAMES_MAX = 200

type Message = Readonly<Record<string, unknown>>

/** A session of the debugger with one worker, from the thread that has started it. */
class WorkerSession {
  readonly #session = new Session()
  /** Of the scripts of the worker, by their ids. */
  readonly urls = new Map<string, string>()
  readonly #answers = new Map<number, (result: Message) => void>()
  #sessionId: string | undefined
  #id = 0
  readonly paused: Promise<readonly Frame[]>
  #onPaused: (frames: readonly Frame[]) => void = () => undefined

  /** @param title what the worker was named. */
  constructor(threadId: number, title: string) {
    this.paused = new Promise((resolve) => (this.#onPaused = resolve))
    const session = this.#session
    session.connect()
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.title !== `[worker ${threadId}] ${title}`) return
      this.#sessionId = params.sessionId
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId === this.#sessionId) this.#receive(JSON.parse(params.message) as Message)
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  }

  post(method: string, params: Message = {}): Promise<Message> {
    return new Promise((resolve) => {
      const sessionId = this.#sessionId
      if (sessionId === undefined) return
      const id = ++this.#id
      this.#answers.set(id, resolve)
      const message = JSON.stringify({ id, method, params })
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
    })
  }

  /** The worker goes on, if it was paused or should pause later. */
  close(): void {
    void this.post('Debugger.disable')
    if (this.#sessionId !== undefined) {
      this.#session.post('NodeWorker.detach', { sessionId: this.#sessionId })
    }
    this.#session.disconnect()
  }

  #receive(message: Message): void {
    // The fields are those of the engine's protocol.
    if (message['method'] === 'Debugger.paused') {
      const { callFrames } = message['params'] as { readonly callFrames: readonly Frame[] }
      this.#onPaused(callFrames)
    } else if (message['method'] === 'Debugger.scriptParsed') {
      const { scriptId, url } = message['params'] as Record<'scriptId' | 'url', string>
      this.urls.set(scriptId, url)
    }
    const answer = this.#answers.get(Number(message['id']))
    if (answer !== undefined) answer((message['result'] ?? {}) as Message)
  }
}

/** True while somebody debugs this process: threads stand still then without being stuck. */
export function isDebugged(): boolean {
  return debuggerUrl() !== undefined
}

/**
 * Where a worker is; undefined if it does not answer in time.
 *
 * @throws where the engine has no debugger, or may not use it.
 */
export async function lookAtWorker(
  threadId: number,
  title: string,
  withinMs: number,
): Promise<WorkerLook | undefined> {
  const session = new WorkerSession(threadId, title)
  const patience = new AbortController()
  const late = systemClock.sleep(withinMs, patience.signal).then(() => undefined)
  try {
    return await Promise.race([look(session), late])
  } finally {
    patience.abort()
    session.close()
  }
}

async function look(session: WorkerSession): Promise<WorkerLook> {
  void session.post('Debugger.enable')
  void session.post('Debugger.pause')
  const frames = (await session.paused).slice(0, FRAMES_MAX)
  let found: Omit<WorkerLook, 'progress'> = {}
  const progress: unknown[] = []
  const urlOf = ({ location }: Frame): string => session.urls.get(location.scriptId) ?? ''
  for (const frame of frames) {
    const { callFrameId } = frame
    const url = urlOf(frame)
    const expression = expressionFor(url)
    if (expression === undefined) continue
    const value = await evaluate(session, callFrameId, expression)
    progress.push(value)
    // The innermost frame that knows it is the one that is meant.
    found = { ...shownOf(value), ...found }
  }
  const user = frames.find((frame) => {
    const url = urlOf(frame)
    return url.startsWith('file:') && !url.startsWith(ENGINE)
  })
  const code = user === undefined ? {} : { code: codeOf(user, urlOf(user)) }
  return { ...found, ...code, progress: JSON.stringify(progress) }
}

function expressionFor(url: string): string | undefined {
  if (url.startsWith(FUSED_SCHEME)) return KNOWN_OF_FUSED
  return url.startsWith(ENGINE) ? KNOWN : undefined
}

async function evaluate(
  session: WorkerSession,
  callFrameId: string,
  expression: string,
): Promise<Message> {
  const guarded = `(() => { try { return ${expression} } catch { return {} } })()`
  const params = { callFrameId, expression: guarded, returnByValue: true, silent: true }
  const answer = await session.post('Debugger.evaluateOnCallFrame', params)
  const { value } = (answer['result'] ?? {}) as { readonly value?: unknown } // of the protocol
  return typeof value === 'object' && value !== null ? (value as Message) : {}
}

function shownOf(value: Message): Omit<WorkerLook, 'progress'> {
  const text = (name: 'operator' | 'key' | 'place') => {
    const shown = value[name]
    return typeof shown === 'string' && shown !== '' ? { [name]: shown } : {}
  }
  return { ...text('operator'), ...text('key'), ...text('place') }
}

function codeOf({ functionName, location }: Frame, url: string): string {
  return `${functionName === '' ? 'a function' : functionName} (${url}:${location.lineNumber + 1})`
}
