/**
 * HTTP beside the socket, for as long as a job's folder is claimed. A start that cannot have it is
 * refused; a takeover goes on without, and tries again until the port is free: the former leader
 * may hold it yet, and asking the job matters less than running it.
 */
import type { Clock } from '../../util/clock.ts'
import type { HttpControl } from './http-options.ts'
import { HttpControlServer, type HttpDesk } from './http-server.ts'
import { openTokens } from './secrets.ts'
import { readTls } from './tls.ts'

const AGAIN_MS = 2_000

export interface HttpOpening {
  readonly control: HttpControl
  readonly clock: Clock
  /** Of the job: its tokens are there. */
  readonly folder: string
  readonly desk: HttpDesk
  readonly isTakeover: boolean
  readonly warn?: ((error: unknown) => void) | undefined
  readonly onOpen: (url: string) => Promise<void>
}

/** Throws `CONTROL_ADDRESS_UNUSABLE`, `CONTROL_TOKEN_UNSAFE`, `CONFIG_INVALID`. */
export async function openHttp(opening: HttpOpening): Promise<{ close(): void }> {
  const { control, clock, folder, desk, isTakeover, warn, onOpen } = opening
  const closing = new AbortController()
  let server: HttpControlServer | undefined
  const open = async (): Promise<void> => {
    const tokens = await openTokens(folder)
    const tls = control.tls === undefined ? undefined : await readTls(control.tls)
    const next = new HttpControlServer({ control, clock, tokens, tls, desk })
    const url = await next.listen()
    if (closing.signal.aborted) return next.close()
    server = next
    await onOpen(url)
  }
  const openLater = async (): Promise<void> => {
    while (server === undefined) {
      await clock.sleep(AGAIN_MS, closing.signal)
      if (closing.signal.aborted) return
      await open().catch(() => undefined)
    }
  }
  try {
    await open()
  } catch (error) {
    if (!isTakeover) throw error
    warn?.(error)
    void openLater()
  }
  return {
    close() {
      closing.abort()
      server?.close()
    },
  }
}
