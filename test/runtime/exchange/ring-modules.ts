// The modules of the exchange as an explorer runs them: their globals are not the real ones, their
// bugs may be planted ones, and the state of the worker's host can be seen and set.
import assert from 'node:assert/strict'
import type { ChannelReader, ChannelWriter } from '../../../src/runtime/exchange/channel.ts'
import { type Change, instrumented } from '../../explore/instrumented.ts'

export interface Host {
  doorbell(index: number, word: unknown): { ring(): void }
  idle(timeoutMs: number): Promise<void>
  local: { seen: number; isAwake: boolean; isListening: boolean }
}

export type HostOf = (options: { readonly index: number }) => Host

type Made<C> = new (region: unknown, bell: { ring(): void }) => C & Record<string, unknown>

export interface ExchangeModules {
  readonly hostOf: HostOf
  readonly RingWriter: Made<ChannelWriter>
  readonly RingReader: Made<ChannelReader>
}

export async function loadExchange(
  names: Readonly<Record<string, unknown>>,
  ring: readonly Change[],
  host: readonly Change[],
): Promise<ExchangeModules> {
  const hostModule = await instrumented({
    path: 'runtime/host-worker-thread.ts',
    globals: { ...names, systemClock: STILL },
    changes: [
      { from: "import { systemClock } from '../util/clock.ts'\n", to: '' },
      { from: '  return {\n    clock: {', to: `  return {\n    ${LOCAL},\n    clock: {` },
      ...host,
    ],
  })
  const path = 'runtime/exchange/ring.ts'
  const ringModule = await instrumented({ path, globals: names, changes: ring })
  // Modules that were loaded this way have no types.
  const { RingWriter, RingReader } = ringModule as unknown as ExchangeModules
  const hostOf = hostModule['embeddedWorkerHost'] as HostOf | undefined
  return { hostOf: hostOf ?? assert.fail(), RingWriter, RingReader }
}

/** No time passes, and nobody is woken by a clock. */
const STILL = {
  monotonic: () => 0,
  yield: async () => undefined,
  setTimer: () => ({ cancel: () => undefined }),
}

const LOCAL = `get local() { return { seen: own.seen, isAwake, isListening } },
    set local(to: any) { own.seen = to.seen; isAwake = to.isAwake; isListening = to.isListening }`
