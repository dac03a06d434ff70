/**
 * Every name in a checkpoint directory, made and read back in one place. All names are relative to
 * the directory of the job (or savepoint); a run's name is never used twice, because no two leaders
 * share an epoch and no leader uses a checkpoint id twice.
 *
 *     chain/000000000042.manifest          link 42 of the chain
 *     runs/3-17-v1-s0.run                  epoch 3, checkpoint 17, vertex 1, subtask 0
 *     runs/3-17-v1-s0-m2.run               second merge of that subtask under checkpoint 17
 *     links-deleted                        link 1 has been there, and was deleted
 *     claim.json                           the job that owns this snapshot, if one has claimed it
 *     pins/000000000042-1754000000000-a1b2.pin   link 42 is held until that time, by a1b2
 *     subjects/000000000003.vault          the third vault of the keys of subjects
 */
import { assert } from '../util/assert.ts'

export const CHAIN_PREFIX = 'chain/'
export const RUNS_PREFIX = 'runs/'
export const PINS_PREFIX = 'pins/'
export const SUBJECTS_PREFIX = 'subjects/'
export const CLAIM_NAME = 'claim.json'
/** Says for ever that a chain of which no link is listed is not empty. */
export const LINKS_DELETED_NAME = 'links-deleted'

const SEQUENCE_DIGITS = 12
export const SEQUENCE_MAX = 10 ** SEQUENCE_DIGITS - 1

const LINK_NAME = /^chain\/(\d{12})\.manifest$/
const VAULT_NAME = /^subjects\/(\d{12})\.vault$/
/** Written in one way only: without leading zeros. */
const NUMBER = '(0|[1-9]\\d{0,14})'
const RUN_NAME = new RegExp(
  `^runs/${NUMBER}-${NUMBER}-v${NUMBER}-s${NUMBER}(?:-m${NUMBER})?\\.run$`,
)
const PIN_NAME = /^pins\/(\d{12})-(0|[1-9]\d{0,14})-([A-Za-z0-9]{1,64})\.pin$/

/** The name of a link of the chain; `sequence` counts from 1. */
export function linkName(sequence: number): string {
  assert(
    Number.isSafeInteger(sequence) && sequence >= 1 && sequence <= SEQUENCE_MAX,
    `a link's sequence is 1 to ${SEQUENCE_MAX}, not ${sequence}`,
  )
  return `${CHAIN_PREFIX}${String(sequence).padStart(SEQUENCE_DIGITS, '0')}.manifest`
}

/** The sequence of a link's name, or undefined if it is none. */
export function sequenceOfLink(name: string): number | undefined {
  const match = LINK_NAME.exec(name)
  const sequence = match === null ? 0 : Number(match[1])
  return sequence === 0 ? undefined : sequence
}

/** The name of a vault; `number` counts from 1. */
export function vaultName(number: number): string {
  assert(
    Number.isSafeInteger(number) && number >= 1 && number <= SEQUENCE_MAX,
    `the number of a vault is 1 to ${SEQUENCE_MAX}, not ${number}`,
  )
  return `${SUBJECTS_PREFIX}${String(number).padStart(SEQUENCE_DIGITS, '0')}.vault`
}

/** The number in a vault's name, or undefined if it is none. */
export function numberOfVault(name: string): number | undefined {
  const number = Number(VAULT_NAME.exec(name)?.[1] ?? 0)
  return number === 0 ? undefined : number
}

/** Who wrote a run, and for what. */
export interface RunIdentity {
  readonly leaderEpoch: number
  /** The attempt under which it was written; for a merge, the newest attempt when it began. */
  readonly checkpointId: number
  readonly vertex: number
  readonly subtaskIndex: number
  /** Present for the result of a merge: counts the merges of one subtask and checkpoint. */
  readonly merge?: number
}

/** The name of a run; `parseRunName` reads it back. */
export function runName(identity: RunIdentity): string {
  const { leaderEpoch, checkpointId, vertex, subtaskIndex, merge } = identity
  const task = `v${vertex}-s${subtaskIndex}${merge === undefined ? '' : `-m${merge}`}`
  const name = `${RUNS_PREFIX}${leaderEpoch}-${checkpointId}-${task}.run`
  assert(RUN_NAME.test(name), `no name of a run: ${name}`)
  return name
}

/** What a run's name says, or undefined if it is no run's name. */
export function parseRunName(name: string): RunIdentity | undefined {
  const match = RUN_NAME.exec(name)
  if (match === null) return undefined
  const identity = {
    leaderEpoch: Number(match[1]),
    checkpointId: Number(match[2]),
    vertex: Number(match[3]),
    subtaskIndex: Number(match[4]),
  }
  return match[5] === undefined ? identity : { ...identity, merge: Number(match[5]) }
}

/** A mark that keeps a link and its runs from being deleted until a time. */
export interface Pin {
  readonly sequence: number
  /** Wall time in ms; a pin that is not renewed before it no longer holds anything. */
  readonly expiresAtMs: number
  /** Letters and digits, unique to the holder. */
  readonly holder: string
}

export function pinName(pin: Pin): string {
  const sequence = String(pin.sequence).padStart(SEQUENCE_DIGITS, '0')
  const name = `${PINS_PREFIX}${sequence}-${pin.expiresAtMs}-${pin.holder}.pin`
  assert(PIN_NAME.test(name), `no name of a pin: ${name}`)
  return name
}

/** What a pin's name says, or undefined if it is no pin's name. */
export function parsePinName(name: string): Pin | undefined {
  const match = PIN_NAME.exec(name)
  if (match === null) return undefined
  const [, sequence, expiresAtMs, holder] = match
  return { sequence: Number(sequence), expiresAtMs: Number(expiresAtMs), holder: holder ?? '' }
}
