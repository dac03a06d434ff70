/**
 * Pins: how readers and standbys keep a checkpoint from being deleted under their hands. A pin is a
 * blob whose name says everything; it expires by itself, so a reader that dies holds nothing for
 * long. It protects the reader's convenience, never the job: no promise rests on its clock.
 */
import { Buffer } from 'node:buffer'
import { MillraceError, isMillraceError } from '../errors.ts'
import type { BlobInfo, BlobStore } from '../storage/blob-store.ts'
import type { Clock, TimerHandle } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { PINS_PREFIX, type Pin, linkName, parsePinName, pinName } from './layout.ts'

/** Pins that seem to last longer are taken for a broken clock's and ignored. */
const PIN_LIFETIME_MAX_MS = 7 * 24 * 3_600_000

/**
 * Holds a link and its runs until the pin expires. Renew by pinning again before that.
 *
 * @returns the pin, for `unpin`.
 * @throws `CHECKPOINT_NOT_FOUND` if the link has been deleted already: choose a newer one.
 */
export async function pin(store: BlobStore, mark: Pin): Promise<Pin> {
  const name = pinName(mark)
  await store.putIfAbsent(name, Buffer.from(`${JSON.stringify(mark)}\n`, 'utf8'))
  try {
    // Only a link that is still there after the pin has been written is surely held by it.
    await store.stat(linkName(mark.sequence))
    return mark
  } catch (error) {
    await store.delete(name)
    if (!isMillraceError(error) || error.code !== 'STORAGE_NOT_FOUND') throw error
    const message = `${store.location}: checkpoint ${linkName(mark.sequence)} has been deleted`
    throw new MillraceError('CHECKPOINT_NOT_FOUND', message, { cause: error })
  }
}

export async function unpin(store: BlobStore, mark: Pin): Promise<void> {
  await store.delete(pinName(mark))
}

/** A pin as it lies in the store. */
export interface FoundPin extends BlobInfo {
  readonly sequence: number
  readonly holder: string
  /** Whether it holds anything at the time in question. */
  readonly isAlive: boolean
}

/** All pins there are. */
export async function readPins(store: BlobStore, nowMs: number): Promise<readonly FoundPin[]> {
  const pins: FoundPin[] = []
  for (const blob of await store.list(PINS_PREFIX)) {
    const mark = parsePinName(blob.name)
    if (mark === undefined) continue
    const leftMs = mark.expiresAtMs - nowMs
    const isAlive = leftMs > 0 && leftMs <= PIN_LIFETIME_MAX_MS
    pins.push({ ...blob, sequence: mark.sequence, holder: mark.holder, isAlive })
  }
  return pins
}

/**
 * The sequences that are pinned at `nowMs`; deletes marks that have expired.
 *
 * @param ignored holders whose pins do not count.
 */
export async function livePins(
  store: BlobStore,
  nowMs: number,
  ignored: readonly string[] = [],
): Promise<readonly number[]> {
  const pins = await readPins(store, nowMs)
  for (const { name, isAlive } of pins) if (!isAlive) await store.delete(name)
  const counting = pins.filter(({ isAlive, holder }) => isAlive && !ignored.includes(holder))
  return counting.map(({ sequence }) => sequence)
}

/** A pin that lasts so long is renewed three times before it expires. */
const HELD_MS = 600_000

/** What renewing a pin needs of the world. */
export interface PinWorld {
  readonly clock: Clock
  readonly random: Random
}

/** A pin that is renewed until it is released. It may fail: a snapshot may be read-only. */
export class HeldPin {
  readonly #store: BlobStore
  readonly #sequence: number
  readonly #world: PinWorld
  readonly #onFailure: (error: unknown) => void
  #held: Pin | undefined
  #timer: TimerHandle | undefined
  #isReleased = false
  #renewing: Promise<void> = Promise.resolve()

  constructor(
    store: BlobStore,
    sequence: number,
    world: PinWorld,
    onFailure: (error: unknown) => void,
  ) {
    this.#store = store
    this.#sequence = sequence
    this.#world = world
    this.#onFailure = onFailure
  }

  /** Resolves when the link is held; throws only if it has gone already. */
  async hold(): Promise<void> {
    if (this.#isReleased) return
    const { clock, random } = this.#world
    const former = this.#held
    try {
      this.#held = await pin(this.#store, {
        sequence: this.#sequence,
        expiresAtMs: clock.now() + HELD_MS,
        holder: random.id(),
      })
      if (former !== undefined) await unpin(this.#store, former)
    } catch (error) {
      if (isMillraceError(error) && error.code === 'CHECKPOINT_NOT_FOUND') throw error
      this.#onFailure(error)
    }
    if (this.#isReleased) return
    const renew = (): void => {
      this.#renewing = this.hold().catch((error: unknown) => this.#onFailure(error))
    }
    this.#timer = clock.setTimer(HELD_MS / 3, renew)
  }

  /** Never throws; may be called twice. */
  async release(): Promise<void> {
    this.#isReleased = true
    this.#timer?.cancel()
    await this.#renewing
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    await unpin(this.#store, held).catch((error: unknown) => this.#onFailure(error))
  }
}
