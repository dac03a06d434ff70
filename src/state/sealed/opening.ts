/**
 * Opens sealed entries on their way out of runs, and brings them into the order of their plain keys
 * again: within each row, which is enough to load them, or within each key group and operator,
 * which is what reading side by side needs, and takes the memory of one of these. What was erased
 * is passed over and counted.
 */
import { MillraceError } from '../../errors.ts'
import type { Entry } from '../backend.ts'
import { compareBytes, startsWith } from '../runs/entry.ts'
import type { EntryBatch } from '../runs/stream.ts'
import { type EntrySeal, isSealed } from './entry-seal.ts'
import { headBytesOf, userKeyEnd } from './sealed-key.ts'

export type OpenedOrder = 'within rows' | 'within key groups'

export interface OpeningOptions {
  /** Absent where there are no keys of subjects: then nothing may be sealed. */
  readonly seal: EntrySeal | undefined
  readonly order: OpenedOrder
  /** Told of each entry that is passed over. */
  readonly onErased?: (() => void) | undefined
}

export async function* openedBatches(
  batches: AsyncIterable<EntryBatch>,
  options: OpeningOptions,
): AsyncGenerator<EntryBatch> {
  const opening = new Opening(options)
  for await (const batch of batches) {
    const opened = opening.batch(batch)
    if (opened.length > 0) yield opened
  }
  const rest = opening.rest()
  if (rest.length > 0) yield rest
}

/** The same at once. */
export function* openedBatchesSync(
  batches: Iterable<EntryBatch>,
  options: OpeningOptions,
): Generator<EntryBatch> {
  const opening = new Opening(options)
  for (const batch of batches) {
    const opened = opening.batch(batch)
    if (opened.length > 0) yield opened
  }
  const rest = opening.rest()
  if (rest.length > 0) yield rest
}

/** The same for single entries. */
export function* openedEntries(
  entries: Iterable<Entry>,
  options: OpeningOptions,
): Generator<Entry> {
  const opening = new Opening(options)
  for (const entry of entries) yield* opening.batch([entry])
  yield* opening.rest()
}

class Opening {
  readonly #options: OpeningOptions
  /** What the keys of those held begin with, sealed. */
  #prefix: Uint8Array | undefined
  #held: Entry[] = []

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  /** What can be given out now that these were read. */
  batch(batch: EntryBatch): EntryBatch {
    if (this.#prefix === undefined && !batch.some(isSealed)) return batch
    const opened: Entry[] = []
    for (const entry of batch) {
      if (this.#prefix !== undefined && !startsWith(entry.key, this.#prefix)) {
        for (const held of this.rest()) opened.push(held)
      }
      if (isSealed(entry)) this.#open(entry)
      else opened.push(entry)
    }
    return opened
  }

  rest(): readonly Entry[] {
    const held = this.#held.sort((a, b) => compareBytes(a.key, b.key))
    this.#held = []
    this.#prefix = undefined
    return held
  }

  #open(entry: Entry): void {
    const { seal, order, onErased } = this.#options
    const { key } = entry
    const bytes = order === 'within rows' ? userKeyEnd(key) : headBytesOf(key)
    this.#prefix ??= Uint8Array.from(key.subarray(0, bytes))
    const plain = requireSeal(seal).open(entry)
    if (plain === undefined) onErased?.()
    else this.#held.push(plain)
  }
}

/** What opens a sealed entry that was met. Throws `KEY_NOT_FOUND` where nothing can. */
export function requireSeal(seal: EntrySeal | undefined): EntrySeal {
  if (seal !== undefined) return seal
  const message = 'entries of this snapshot are sealed under the keys of their subjects'
  throw new MillraceError('KEY_NOT_FOUND', message, {
    cure: 'say with encryption.subjects where the keys of the vault are, and read it from the job',
  })
}
