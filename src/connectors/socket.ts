/**
 * Lines from a TCP connection. What was read cannot be read again: wrap it in `journal()` to make
 * a job over it exact. A lost connection is made anew, with growing pauses; the piece of a line
 * that was cut off with it is dropped.
 */
import { connect } from 'node:net'
import { isMillraceError, MillraceError, messageOf } from '../errors.ts'
import { sourceBrand } from '../operators/source.ts'
import type { Source, SourceBatch, SourceContext } from '../operators/source.ts'
import { t } from '../types/t.ts'
import { parseDurationMs, parseSizeBytes } from '../util/duration.ts'
import type { Duration, Size } from '../util/duration.ts'
import { checkOptions, invalidOption, wholeNumber } from './options.ts'
import { LineSplitter } from './line-splitter.ts'

export interface SocketSourceOptions {
  readonly host: string
  readonly port: number
  /**
   * What follows when the other side ends the connection: `reconnect`, and so without an end, or
   * `finish`, and the source ends. A connection that breaks is always made anew. Default:
   * `reconnect`.
   */
  readonly onEnd?: 'reconnect' | 'finish'
  /** Gives up when no connection could be made for so long. Default: never. */
  readonly giveUpAfter?: Duration
  /** A longer line is an error. Default: 1 MiB. */
  readonly lineBytesMax?: Size
}

const PORT_MAX = 65_535
const LINE_BYTES = 1024 ** 2
const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 10_000

interface CheckedOptions {
  readonly host: string
  readonly port: number
  readonly finishes: boolean
  readonly giveUpAfterMs: number
  readonly lineBytesMax: number
}

/**
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for options that cannot work. While running:
 * `CONNECTOR_FAILED` if there is no connection for too long, or a line is too long.
 * @example
 * journal(socketSource({ host: 'localhost', port: 9999 }), { directory: '.millrace/lines' })
 */
export function socketSource(options: SocketSourceOptions): Source<string, number> {
  const what = 'socketSource()'
  checkOptions(what, options, ['host', 'port', 'onEnd', 'giveUpAfter', 'lineBytesMax'])
  const { host, onEnd = 'reconnect', giveUpAfter } = options
  if (typeof host !== 'string' || host === '') throw invalidOption(what, 'host', host, 'a name')
  if (onEnd !== 'reconnect' && onEnd !== 'finish') {
    throw invalidOption(what, 'onEnd', onEnd, '"reconnect" or "finish"')
  }
  const checked: CheckedOptions = {
    host,
    port: wholeNumber(what, 'port', options.port, { min: 1, max: PORT_MAX, otherwise: 0 }),
    finishes: onEnd === 'finish',
    giveUpAfterMs:
      giveUpAfter === undefined ? Infinity : parseDurationMs(giveUpAfter, `${what}: giveUpAfter`),
    lineBytesMax: parseSizeBytes(options.lineBytesMax ?? LINE_BYTES, `${what}: lineBytesMax`),
  }
  if (checked.port === 0) throw invalidOption(what, 'port', options.port, 'the number of a port')
  return Object.freeze<Source<string, number>>({
    [sourceBrand]: true,
    name: `socketSource(${host}:${checked.port})`,
    type: t.string,
    position: t.float64,
    replayable: false,
    bounded: checked.finishes,
    discover: () => Promise.resolve([{ id: `${host}:${checked.port}` }]),
    read: (_split, from: number | undefined, context) => readLines(checked, from ?? 0, context),
  })
}

/** Positions count the lines; they only say how many there were. */
async function* readLines(
  options: CheckedOptions,
  from: number,
  context: SourceContext,
): AsyncGenerator<SourceBatch<string, number>, void, undefined> {
  const { signal } = context
  const patience = new Patience(options, context)
  let position = from
  while (!signal.aborted) {
    const socket = connect({ host: options.host, port: options.port, signal })
    const lines = new LineSplitter(options.lineBytesMax)
    let failure: unknown
    try {
      for await (const chunk of socket) {
        patience.renew()
        const values = lines.take(chunk)
        if (values.length === 0) continue
        position += values.length
        yield { values, position }
      }
      const last = lines.end()
      if (last !== undefined) yield { values: [last], position: ++position }
      if (options.finishes) return
    } catch (error) {
      if (signal.aborted) return
      if (isMillraceError(error)) throw error
      failure = error
    } finally {
      socket.destroy()
    }
    await patience.pause(failure)
  }
}

/** Pauses between connections: longer each time until something is received again. */
class Patience {
  readonly #options: CheckedOptions
  readonly #context: SourceContext
  #pauseMs = PAUSE_MS_MIN
  #lastSignOfLifeMs: number

  constructor(options: CheckedOptions, context: SourceContext) {
    this.#options = options
    this.#context = context
    this.#lastSignOfLifeMs = context.clock.monotonic()
  }

  renew(): void {
    this.#pauseMs = PAUSE_MS_MIN
    this.#lastSignOfLifeMs = this.#context.clock.monotonic()
  }

  async pause(failure: unknown): Promise<void> {
    const { clock, signal, random } = this.#context
    const { host, port, giveUpAfterMs } = this.#options
    if (clock.monotonic() - this.#lastSignOfLifeMs >= giveUpAfterMs) {
      const why = failure === undefined ? 'the other side ends it' : messageOf(failure)
      const said = `no connection to ${host}:${port} for ${giveUpAfterMs} ms: ${why}`
      throw new MillraceError('CONNECTOR_FAILED', said, {
        cause: failure,
        details: { host, port },
      })
    }
    // Not all clients of a server that comes back shall come at once.
    await clock.sleep(this.#pauseMs * (0.5 + random.next() / 2), signal)
    this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2)
  }
}
