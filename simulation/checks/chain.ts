/**
 * What must hold of a checkpoint directory after every single write and deletion: the chain is
 * dense and hangs together by its hashes, epochs and checkpoint ids grow, and every file that a
 * link names is there. Reads manifests by the documented format, with nothing of the engine.
 */
import { hash } from 'node:crypto'
import type { LinkJson, TaskJson } from './link-json.ts'

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
  /** Of a fence: the process that put it. */
  readonly leader: string
  /** A fence: no link before it counts any more, because its job was cancelled. */
  readonly givesUp: boolean
  /** A fence: its leader began with a savepoint. */
  readonly imports: boolean
  readonly hash: string
  /** Files it needs, with their lengths. */
  readonly runs: ReadonlyMap<string, number>
  /** The longest list of runs that a task of it has. */
  readonly runsPerTask: number
  readonly tasks: readonly TaskJson[]
}

/**
 * More runs than this in one task mean that merging does not keep up: nine of each of three former
 * subtasks, four times, because crashes may undo several merges in a row.
 */
const RUNS_PER_TASK_MAX = 108

export const linkName = ({ sequence }: Pick<KnownLink, 'sequence'>): string =>
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
  /** Hashes of links that processes which slept have put where older ones were deleted. */
  readonly #strays = new Set<string>()
  #isAcknowledged = false
  /** Whoever collects here keeps so many checkpoints, if it is known. */
  #keep = Number.POSITIVE_INFINITY

  constructor(blobs: BlobLengths) {
    this.#blobs = blobs
  }

  /** Every link ever written, but those that a loss of power took back. */
  get history(): readonly KnownLink[] {
    return this.#history
  }

  /** Those that are there and count, by name. */
  get links(): ReadonlyMap<string, KnownLink> {
    return this.#links
  }

  /** The link of this name, if it is there and counts. */
  linkAt(name: string): KnownLink | undefined {
    return this.#links.get(name)
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
    if (link.sequence < newest && !this.#links.has(name)) return void this.#strays.add(link.hash)
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

  /** A process begins here that is to keep so many checkpoints; others may keep more. */
  keeps(checkpoints: number): void {
    this.#keep = Math.min(this.#keep, checkpoints)
  }

  /** The power was lost, and these are left: newer links may be gone, deleted ones back. */
  restarted(left: ReadonlyMap<string, Uint8Array>): void {
    const lost = new Set([...this.#links].flatMap(([name, link]) => (left.has(name) ? [] : [link])))
    this.#history = this.#history.filter((link) => !lost.has(link))
    const names = [...left.keys()].filter((name) => name.startsWith('chain/')).toSorted()
    this.#links = new Map()
    for (const name of names) {
      const hash = hashOf(left.get(name) ?? new Uint8Array(0))
      if (this.#strays.has(hash)) continue
      const known = this.#history.filter((each) => linkName(each) === name)
      const link = known.findLast((each) => each.hash === hash || this.isDamaged)
      if (link === undefined) throw new Error(`${name} does not hold what was written`)
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
    const link = this.#links.get(name)
    if (link !== undefined) {
      this.#requireUnpromised(name)
      this.#links.delete(name)
      const [oldest] = [...this.#links.keys()].sort()
      // Numbers would begin anew, and who sleeps would find its own free. (Not of a savepoint.)
      const isSavepoint = link.kind === 'checkpoint' && link.sequence === 1
      if (oldest === undefined && !isSavepoint && !this.#isClaimed) {
        throw new Error(`${name} was the newest link`)
      }
      if (oldest !== undefined && oldest < name) {
        throw new Error(`${name} was deleted before ${oldest}`)
      }
      this.#requireKept(link)
    }
    for (const [other, { runs }] of this.#links) {
      if (runs.has(name)) throw new Error(`${name} was deleted, but ${other} needs it`)
    }
  }

  /** Retention leaves what it was told to, whichever line it is on. */
  #requireKept({ kind, sequence }: KnownLink): void {
    const isGivenUp = this.#history.some((link) => link.givesUp && link.sequence > sequence)
    if (this.#keep === Number.POSITIVE_INFINITY || kind === 'fence' || isGivenUp) return
    const left = this.checkpointIds.length
    if (this.isDamaged || this.#isClaimed || left >= this.#keep) return
    throw new Error(`${left} checkpoints are left, and ${this.#keep} were to be kept`)
  }

  get #isClaimed(): boolean {
    return this.#blobs.get(CLAIM_NAME) !== undefined
  }

  /** Whoever begins after a job has given its checkpoints up begins with nothing. */
  #requireNotGivenUp({ sequence, restores, givesUp }: KnownLink): void {
    const last = this.#history.findLast((link) => link.givesUp && link.sequence < sequence)
    if (givesUp && restores > 0) throw new Error(`link ${sequence} gives up and restores`)
    if (restores === 0 || restores > (last?.sequence ?? 0)) return
    throw new Error(`link ${sequence} restores link ${restores}, given up by ${last?.sequence}`)
  }

  /** Only who leads may give the checkpoints up. */
  #requireOwn({ sequence, leader }: KnownLink): void {
    const fence = this.#history.findLast(({ kind }) => kind === 'fence')
    if (fence?.leader !== leader) throw new Error(`link ${sequence}: ${leader} leads no more`)
  }

  #requireUnpromised(name: string): void {
    const isKept = this.#isAcknowledged && !this.isDamaged
    if (isKept && !this.#isClaimed) {
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

  /** The checkpoint by which output of this one became visible: itself, or the next confirmed. */
  confirming(lineage: string, checkpointId: number): number {
    const ids = this.history.flatMap((link) =>
      link.kind === 'checkpoint' && link.lineage === lineage ? [link.checkpointId] : [],
    )
    return ids.find((id) => id >= checkpointId) ?? checkpointId
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
    const links = [...this.#links.values()]
    const counting = links.slice(links.findLastIndex(({ givesUp }) => givesUp) + 1)
    return counting.flatMap(({ kind, checkpointId }) =>
      kind === 'checkpoint' ? [checkpointId] : [],
    )
  }

  /** A cancelled job gave its checkpoints up here at some time. */
  get wasGivenUp(): boolean {
    return this.#history.some(({ givesUp }) => givesUp)
  }

  /** Whether this lineage began with nothing, because what was there before was given up. */
  beganAnew(lineage: string): boolean {
    const first = this.#history.findIndex((link) => link.lineage === lineage)
    const before = this.#history.slice(0, Math.max(0, first))
    return before.some(({ givesUp }) => givesUp) && this.#history[first]?.imports === false
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
    const { checkpointId = 0, restores = 0, finished = false, leader = '', tasks = [] } = json
    const [givesUp, imports] = [json.givesUp !== undefined, json.imports !== undefined]
    const facts = { kind, sequence, previousHash, lineage, leaderEpoch, givesUp, imports }
    return { ...facts, checkpointId, restores, finished, leader, hash, runs, runsPerTask, tasks }
  }

  #follows(json: LinkJson, link: KnownLink): void {
    const before = [...this.#links.values()].at(-1)
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
    if (link.givesUp) this.#requireOwn(link)
    if (kind === 'fence') return this.#requireNotGivenUp(link)
    const there = [...this.#links.values()]
    const newest = there.findLast((other) => other.kind === 'checkpoint')?.checkpointId ?? 0
    if (checkpointId <= newest) {
      throw new Error(`link ${sequence}: checkpoint ${checkpointId} after checkpoint ${newest}`)
    }
    const fence = this.history.findLast((other) => other.kind === 'fence')
    if (fence?.lineage !== link.lineage) throw new Error(`link ${sequence}: wrong lineage`)
  }
}
