/**
 * Marks of the lease: small blobs beside the chain whose names say everything that is decided by,
 * so that one listing shows who leads, how lately that was said, and who stands by. A mark is put
 * once and never changed; the next one replaces it.
 *
 *     leases/000000000003-000000000041-5000-held-<holder>.leader   epoch 3, renewal 41, 5 s
 *     leases/<holder>-000000000007-000000000042.standby            renewal 7, follows link 42
 *
 * Nothing rests on them but who tries to lead and when: whether it may is decided by the fence.
 */
import type { BlobStore } from '../storage/blob-store.ts'
import { assert } from '../util/assert.ts'

export const LEASES_PREFIX = 'leases/'

/** `released`: whoever stands by may lead at once. The others say how the job ended for all. */
const LEASE_STATES = ['held', 'released', 'stopped', 'finished', 'cancelled', 'failed'] as const
export type LeaseState = (typeof LEASE_STATES)[number]
export type LeaseEnd = Exclude<LeaseState, 'held'>

/** "I lead, and will say so again before `leaseMs` are over", or how that ended. */
export interface LeaderMark {
  readonly kind: 'leader'
  readonly leaderEpoch: number
  /** Grows with every mark of this holder. */
  readonly renewal: number
  readonly leaseMs: number
  readonly state: LeaseState
  /** Letters and digits: the claim of the process. */
  readonly holder: string
}

/** "I stand by, and follow the chain up to this link." */
export interface StandbyMark {
  readonly kind: 'standby'
  readonly holder: string
  readonly renewal: number
  /** 0: none yet. */
  readonly sequence: number
}

export type Mark = LeaderMark | StandbyMark

const DIGITS = 12
const HOLDER = '[A-Za-z0-9]{1,64}'
const NUMBER = `\\d{${DIGITS}}`
const STATE = LEASE_STATES.join('|')
const LEADER_NAME = new RegExp(
  `^leases/(${NUMBER})-(${NUMBER})-([1-9]\\d{0,14})-(${STATE})-(${HOLDER})\\.leader$`,
)
const STANDBY_NAME = new RegExp(`^leases/(${HOLDER})-(${NUMBER})-(${NUMBER})\\.standby$`)

export function markName(mark: Mark): string {
  const name =
    mark.kind === 'leader'
      ? `${padded(mark.leaderEpoch)}-${padded(mark.renewal)}-${mark.leaseMs}-${mark.state}` +
        `-${mark.holder}.leader`
      : `${mark.holder}-${padded(mark.renewal)}-${padded(mark.sequence)}.standby`
  assert(parseMarkName(LEASES_PREFIX + name) !== undefined, `no name of a mark: ${name}`)
  return LEASES_PREFIX + name
}

/** What a mark's name says, or undefined if it is no mark's name. */
export function parseMarkName(name: string): Mark | undefined {
  const leader = LEADER_NAME.exec(name)
  if (leader !== null) {
    const [, epoch, renewal, leaseMs, stateText, holder = ''] = leader
    const state = LEASE_STATES.find((each) => each === stateText) ?? 'held'
    const numbers = { leaderEpoch: Number(epoch), renewal: Number(renewal) }
    return { kind: 'leader', ...numbers, leaseMs: Number(leaseMs), state, holder }
  }
  const standby = STANDBY_NAME.exec(name)
  if (standby === null) return undefined
  const [, holder = '', renewal, sequence] = standby
  return { kind: 'standby', holder, renewal: Number(renewal), sequence: Number(sequence) }
}

function padded(value: number): string {
  return String(value).padStart(DIGITS, '0')
}

/** The process behind a mark, for people: the mark's content. */
export interface ProcessFacts {
  readonly host: string
  readonly pid: number
}

/** An end mark also says why. */
export interface MarkContent extends ProcessFacts {
  readonly reason?: string
}

export function encodeContent(content: MarkContent): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(content)}\n`)
}

/** The content of a mark; what is no content is shown as unknown. Throws what the store throws. */
export async function readMark(store: BlobStore, mark: Mark): Promise<MarkContent> {
  return decodeContent(await store.read(markName(mark)))
}

export function decodeContent(bytes: Uint8Array): MarkContent {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    value = undefined
  }
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {}
  const { host, pid, reason } = fields
  return {
    host: typeof host === 'string' ? host : 'unknown',
    pid: typeof pid === 'number' ? pid : 0,
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}
