/**
 * What hunts have come to so far, in a file: a long one can be broken off and gone on with. It is
 * of one commit and one first seed; anything else begins anew.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../scripts/lib/process.ts'
import type { Hunt } from './hunt.ts'

const FILE = join(root, '.millrace/planted/hunts.json')

interface Kept {
  readonly commit: string
  readonly first: number
  readonly hunts: Record<string, Hunt>
}

export class KeptHunts {
  readonly #kept: Kept

  /** @param goesOn false: what is there is forgotten. */
  constructor(commit: string, first: number, goesOn: boolean) {
    const former = goesOn ? read() : undefined
    const isSame = former?.commit === commit && former.first === first
    this.#kept = isSame ? former : { commit, first, hunts: {} }
  }

  /** What is known of a bug; of the sound engine, if it has no name. */
  of(name = ''): Hunt | undefined {
    return this.#kept.hunts[name]
  }

  /** Adds a hunt that went on where the former one ended; gives both as one. */
  add(name = '', hunt: Hunt): Hunt {
    const { seeds = 0, virtualMs = 0, realMs = 0 } = this.of(name) ?? {}
    const all: Hunt = {
      seeds: seeds + hunt.seeds,
      caught: hunt.caught,
      virtualMs: virtualMs + hunt.virtualMs,
      realMs: realMs + hunt.realMs,
    }
    this.#kept.hunts[name] = all
    mkdirSync(dirname(FILE), { recursive: true })
    writeFileSync(FILE, JSON.stringify(this.#kept))
    return all
  }
}

function read(): Kept | undefined {
  // Written by `add` alone.
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Kept) : undefined
}
