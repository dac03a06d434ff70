/**
 * What must hold of a checkpoint directory after every single write and deletion: the chain is
 * dense and hangs together by its hashes, epochs and checkpoint ids grow, and every file that a
 * link names is there. Reads manifests by the documented format, with nothing of the engine.
 */
import { hash } from 'node:crypto'

/** What the checks know of a link. */
export interface KnownLink {
  readonly sequence: number
  readonly kind: 'checkpoint' | 'fence'
  readonly previousHash: string
  readonly lineage: string
  readonly leaderEpoch: number
  /** 0 for a fence. */
  readonly checkpointId: number
  /** 0 for a checkpoint. */
  readonly restores: number
  readonly finished: boolean
  readonly hash: string
  /** Files it needs, with their lengths. */
  readonly runs: ReadonlyMap<string, number>
  /** The longest list of runs that a task of it has. */
  readonly runsPerTask: number
}

interface RunJson {
  readonly name: string
  readonly lengthBytes: number
}

interface LinkJson {
  readonly kind: 'checkpoint' | 'fence'
  readonly sequence: number
  readonly previousHash: string
  readonly lineage: string
  readonly leaderEpoch: number
  readonly checkpointId?: number
  readonly restores?: number
  readonly finished?: boolean
  readonly tasks?: readonly { readonly runs: readonly RunJson[]; readonly records?: RunJson }[]
}

/**
 * More runs than this in one task mean that merging does not keep up: nine of each of three former
 * subtasks, twice, because a crash may undo a merge.
 */
const RUNS_PER_TASK_MAX = 54

const linkName = ({ sequence }: Pick<KnownLink, 'sequence'>): string =>
  `chain/${String(sequence).padStart(12, '0')}.manifest`

/** The mark of who has made a snapshot its own. */
const CLAIM_NAME = 'claim.json'

const hashOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

/** What the directory holds, by name. */
export interface BlobLengths {
  get(name: string): { readonly length: number } | undefined
}

/** Watches one directory; each method throws an error that says what is wrong. */
export class ChainCheck {
  /** A disk has broken its promises: of what then is written only that it is, is known. */
  isDamaged = false
  readonly #blobs: BlobLengths
  /** Links that are there now, by name. */
  #links = new Map<string, KnownLink>()
  #history: KnownLink[] = []
  #isAcknowledged = false

  constructor(blobs: BlobLengths) {
    this.#blobs = blobs
  }

  /** Every link ever written, but those that a loss of power took back. */
  get history(): readonly KnownLink[] {
    return this.#history
  }

  /** A blob has appeared. */
  written(name: string, bytes: Uint8Array): void {
    if (!name.startsWith('chain/')) return
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    // The format promises one line of JSON that is this shape.
    const json = JSON.parse(text.toString('utf8', 0, text.indexOf('\n'))) as LinkJson
    const link = this.#known(json, hashOf(bytes))
    if (name !== linkName(link)) throw new Error(`${name} holds link ${link.sequence}`)
    const newest = [...this.#links.values()].at(-1)?.sequence ?? 0
    // Put by a process that slept, at a number that is deleted: it must find out, and counts not.
    if (link.sequence < newest && !this.#links.has(name)) return
    if (!this.isDamaged) {
      this.#follows(json, link)
      this.#requireRuns(name, link)
    }
    if (link.runsPerTask > RUNS_PER_TASK_MAX) {
      throw new Error(`${name}: a task has ${link.runsPerTask} runs`)
    }
    this.#links.set(name, link)
    this.#history.push(link)
  }

  /** From now on it is a savepoint that somebody was told of: it stays, unless it is claimed. */
  acknowledged(): void {
    if (this.#links.size !== 1) throw new Error('an acknowledged savepoint is no chain of one link')
    this.#isAcknowledged = true
  }

  /** The power was lost, and these names are left: newer links may be gone, deleted ones back. */
  restarted(names: readonly string[]): void {
    const there = new Set(names)
    const lost = new Set(
      [...this.#links].flatMap(([name, link]) => (there.has(name) ? [] : [link])),
    )
    this.#history = this.#history.filter((link) => !lost.has(link))
    const left = names.filter((name) => name.startsWith('chain/')).toSorted()
    this.#links = new Map()
    for (const name of left) {
      const link = this.#history.findLast((known) => linkName(known) === name)
      if (link === undefined) throw new Error(`${name} was never written`)
      const before = [...this.#links.values()].at(-1)
      this.#links.set(name, link)
      if (this.isDamaged) continue
      if (before !== undefined && link.previousHash !== before.hash) {
        throw new Error(`${name} does not follow link ${before.sequence} after a loss of power`)
      }
      this.#requireRuns(name, link)
    }
    if (this.#links.size === 0) this.#requireUnpromised('it')
  }

  /** A blob has gone. */
  deleted(name: string): void {
    if (this.#links.has(name)) this.#requireUnpromised(name)
    if (this.#links.delete(name)) {
      const [oldest] = [...this.#links.keys()].sort()
      if (oldest !== undefined && oldest < name) {
        throw new Error(`${name} was deleted before ${oldest}`)
      }
    }
    for (const [link, { runs }] of this.#links) {
      if (runs.has(name)) throw new Error(`${name} was deleted, but ${link} needs it`)
    }
  }

  #requireUnpromised(name: string): void {
    const isKept = this.#isAcknowledged && !this.isDamaged
    if (isKept && this.#blobs.get(CLAIM_NAME) === undefined) {
      throw new Error(`an acknowledged savepoint has lost ${name}`)
    }
  }

  /** True if a checkpoint of this lineage with this id or a later one was confirmed. */
  wasConfirmed(lineage: string, checkpointId: number): boolean {
    return this.history.some(
      (link) =>
        link.kind === 'checkpoint' && link.lineage === lineage && link.checkpointId >= checkpointId,
    )
  }

  /** How often a leader went on from a checkpoint in the middle of the input. */
  get resumed(): number {
    return this.history.filter(({ kind, restores }) => {
      if (kind !== 'fence' || restores === 0) return false
      return this.history.some((link) => link.sequence === restores && !link.finished)
    }).length
  }

  /** Ids of the checkpoints that are there, oldest first. */
  get checkpointIds(): readonly number[] {
    return [...this.#links.values()].flatMap(({ kind, checkpointId }) =>
      kind === 'checkpoint' ? [checkpointId] : [],
    )
  }

  /** The line of output that the newest leader writes. */
  get lineage(): string {
    return this.history.findLast((link) => link.kind === 'fence')?.lineage ?? ''
  }

  #requireRuns(name: string, link: KnownLink): void {
    for (const [run, lengthBytes] of link.runs) {
      const there = this.#blobs.get(run)
      if (there === undefined) throw new Error(`${name} names ${run}, which is not there`)
      if (there.length !== lengthBytes) {
        throw new Error(`${name}: ${run} has ${there.length} bytes, not ${lengthBytes}`)
      }
    }
  }

  #known(json: LinkJson, hash: string): KnownLink {
    const runs = new Map<string, number>()
    let runsPerTask = 0
    for (const task of json.tasks ?? []) {
      runsPerTask = Math.max(runsPerTask, task.runs.length)
      const all = task.records === undefined ? task.runs : [...task.runs, task.records]
      for (const run of all) runs.set(run.name, run.lengthBytes)
    }
    const { kind, sequence, previousHash, lineage, leaderEpoch } = json
    const { checkpointId = 0, restores = 0, finished = false } = json
    const facts = { kind, sequence, previousHash, lineage, leaderEpoch }
    return { ...facts, checkpointId, restores, finished, hash, runs, runsPerTask }
  }

  #follows(json: LinkJson, link: KnownLink): void {
    // Who begins while a cancelled job deletes its chain may go on where that has ended.
    const former = json.sequence > 1 ? this.#history.at(-1) : undefined
    const before = [...this.#links.values()].at(-1) ?? former
    const { sequence, leaderEpoch, kind, checkpointId } = link
    // A savepoint is a chain of one checkpoint, which was fenced elsewhere.
    if (before === undefined && kind === 'checkpoint' && sequence === 1) return
    if (sequence !== (before?.sequence ?? 0) + 1) {
      throw new Error(`link ${sequence} follows link ${before?.sequence ?? 0}`)
    }
    if (json.previousHash !== (before?.hash ?? '')) throw new Error(`link ${sequence}: wrong hash`)
    const epochBefore = before?.leaderEpoch ?? 0
    if (leaderEpoch !== epochBefore + (kind === 'fence' ? 1 : 0)) {
      throw new Error(`link ${sequence}: ${kind} of epoch ${leaderEpoch} after ${epochBefore}`)
    }
    if (kind === 'fence') return
    const there = [...this.#links.values()]
    const newest = there.findLast((other) => other.kind === 'checkpoint')?.checkpointId ?? 0
    if (checkpointId <= newest) {
      throw new Error(`link ${sequence}: checkpoint ${checkpointId} after checkpoint ${newest}`)
    }
    const fence = this.history.findLast((other) => other.kind === 'fence')
    if (fence?.lineage !== link.lineage) throw new Error(`link ${sequence}: wrong lineage`)
  }
}
