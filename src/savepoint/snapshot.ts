/**
 * A snapshot as something to open: a checkpoint of a job's storage or a savepoint. It is read
 * without the job's code, for its runs say what they hold, and it yields the entries from which a
 * backend is opened or rolled back.
 */
import { GIVEN_UP, givenUpBy, readChain } from '../checkpoint/chain.ts'
import { chooseCheckpoint } from '../checkpoint/damage.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { MillraceError } from '../errors.ts'
import type { PlanNode } from '../graph/plan.ts'
import type { EntryStream } from '../state/backend.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { restoreStream } from '../state/runs/run-set.ts'
import { SnapshotReader } from '../state/runs/snapshot-reader.ts'
import type { EntryBatches } from '../state/runs/stream.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { type Keys, openSnapshotStore, type SigningKeys } from './open-store.ts'
import { OperatorSnapshot, recordOf } from './operator-snapshot.ts'
import { liveOperators } from './raw-rows.ts'
import { requireOwner, type StateOwner } from './state-values.ts'

export class Snapshot implements AsyncDisposable {
  readonly #store: BlobStore
  readonly #link: CheckpointLink
  readonly #ownsStore: boolean
  #erasedEntries = 0
  /** Rows, timers and records, decoded by the schemas that the snapshot carries. */
  readonly reader: SnapshotReader

  private constructor(
    store: BlobStore,
    link: CheckpointLink,
    reader: SnapshotReader,
    ownsStore: boolean,
  ) {
    this.#store = store
    this.#link = link
    this.reader = reader
    this.#ownsStore = ownsStore
  }

  /**
   * Opens the newest sound checkpoint of a directory, or the one that is named.
   *
   * @param location a path, a `file:` URL or a store; a store stays the caller's to close.
   * @param options `keys`: where those of an encrypted directory are, or a provider of them;
   *   `subjectKeys`: those of the vault of its subjects;
   *   `signingKeys`: what it must be signed with.
   * @throws `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_DAMAGED`, and what the storage throws; of an
   *   encrypted one `STORAGE_ENCRYPTED`, `KEY_NOT_FOUND`, `DECRYPTION_FAILED`; of what is not
   *   signed as it must be `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_NOT_FOUND`.
   *
   * @example
   * await using snapshot = await Snapshot.open('.millrace/word-count/checkpoints')
   * for await (const row of snapshot.reader.rows('counts')) console.log(row.key, row.states)
   */
  static async open(
    location: string | URL | BlobStore,
    options: {
      readonly checkpointId?: number
      readonly keys?: Keys
      readonly signingKeys?: SigningKeys
      readonly subjectKeys?: Keys
    } = {},
  ): Promise<Snapshot> {
    const isStore = typeof location === 'object' && 'putIfAbsent' in location
    const { checkpointId, keys, signingKeys, subjectKeys } = options
    const store = isStore
      ? location
      : await openSnapshotStore(String(location), keys, signingKeys, subjectKeys)
    const chain = await readChain(store)
    const link = await chooseCheckpoint(store, chain, {
      acceptDuplicates: true, // reading repeats nothing
      ...(checkpointId === undefined ? {} : { checkpointId }),
    })
    if (link === undefined) {
      const why = givenUpBy(chain) === undefined ? '' : `: ${GIVEN_UP}`
      const message = `there is no snapshot in ${store.location}${why}`
      throw new MillraceError('CHECKPOINT_NOT_FOUND', message)
    }
    const runs = link.tasks.flatMap((task) => task.runs)
    const records = link.tasks.flatMap((task) => task.records ?? [])
    const reader = await SnapshotReader.open(store, runs, records, link.operators)
    return new Snapshot(store, link, reader, !isStore)
  }

  get jobName(): string {
    return this.#link.jobName
  }

  get checkpointId(): number {
    return this.#link.checkpointId
  }

  get maxParallelism(): number {
    return this.#link.maxParallelism
  }

  /** Operators with their ids and schemas, also those without keyed state. */
  get operators(): readonly OperatorRecord[] {
    return this.#link.operators
  }

  /**
   * One operator, its states typed by the function that owns them.
   *
   * @throws `STATE_UNKNOWN` if there is no such uid; `CHECKPOINT_INCOMPATIBLE` if the function
   *   declares a state otherwise than the snapshot does.
   * @example
   * const totals = keyedProcess({ key: t.string, state: { sum: valueState(t.float64) }, … })
   * for await (const { key, states } of snapshot.state(totals, 'totals').rows()) {
   *   console.log(key, states.sum)
   * }
   */
  state<K, S extends StateSchema = {}, T extends TimerSchema = {}>(
    owner: StateOwner<K, S, T>,
    uid: string,
  ): OperatorSnapshot<K, S, T>
  /** The same without the job's code, by the schemas in the snapshot. */
  state(uid: string): OperatorSnapshot<unknown, StateSchema, TimerSchema>
  state<K, S extends StateSchema, T extends TimerSchema>(
    first: StateOwner<K, S, T> | string,
    second = '',
  ): OperatorSnapshot<K, S, T> {
    const owner = typeof first === 'string' ? undefined : first
    const uid = typeof first === 'string' ? first : second
    const record = recordOf(liveOperators(this.#link.operators), uid)
    if (owner !== undefined) requireOwner(record, owner)
    const { reader } = this
    const node = this.nodeOf(uid)
    return new OperatorSnapshot({ reader, record, node, all: () => this.all() }, owner)
  }

  /** What the plan says of an operator, a source or a sink. */
  nodeOf(uid: string | undefined): PlanNode | undefined {
    return this.#link.plan.nodes.find((node) => node.uid !== undefined && node.uid === uid)
  }

  /** The manifest: plan, tasks, files, statistics. */
  get link(): CheckpointLink {
    return this.#link
  }

  /** Where its files are. */
  get store(): BlobStore {
    return this.#store
  }

  /** All keyed entries, in order, in batches. */
  all(): EntryBatches {
    return this.#stream({ start: 0, end: this.maxParallelism - 1 })
  }

  /** Entries that were passed over because their subjects were erased, in all readings so far. */
  get erasedEntries(): number {
    return this.#erasedEntries + this.reader.erasedEntries
  }

  /** All keyed entries of these key groups, in order: for `open` and `rollback` of a backend. */
  entries(keyGroups: KeyGroupRange): EntryStream {
    return this.#stream(keyGroups)
  }

  #stream(keyGroups: KeyGroupRange): EntryBatches {
    const runs = this.#link.tasks.flatMap((task) => task.runs)
    const onErased = (): void => void this.#erasedEntries++
    return restoreStream(this.#store, runs, keyGroups, { onErased })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ownsStore) await this.#store.close()
  }
}
