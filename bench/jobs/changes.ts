/**
 * Sums by account under checkpoints: a million accounts are loaded, then records come as fast as
 * they are taken, all of them for the few accounts of a turn. A probe in the chain notes the
 * longest time in which it saw no record. The program outside says when the next turn begins.
 */
import { BroadcastChannel } from 'node:worker_threads'
import { type Job, job, type KeyedStream, t } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { moment, tell } from './probe.ts'
import { shuffled } from './records.ts'

export const KEYS = 1_000_000
/** Where each of them takes longer. */
export const FEW_KEYS = 100_000
/** A checkpoint holds the changes of three turns: together those of one key in a hundred. */
const KEYS_FOR_EACH_OF_TURN = 300
const BATCH_RECORDS = 1_000
/** Reading CPU time costs more than a record. */
const RECORDS_PER_LOOK = 64

type Accounts = KeyedStream<number, number>

/** What the job says when all keys are loaded, and when all keys of a turn have been changed. */
export interface TurnReport {
  readonly turn: number
  /** Since the last report: the longest time between records, and how long the thread was busy. */
  readonly gapMs: number
  readonly gapCpuMs: number
}

/** Looks at the time as records pass. */
function gapProbe() {
  let last = moment()
  let seen = 0
  let longest = { gapMs: 0, gapCpuMs: 0 }
  return {
    see<T>(record: T): T {
      if (++seen % RECORDS_PER_LOOK !== 0) return record
      const now = moment()
      longest = {
        gapMs: Math.max(longest.gapMs, now.atMs - last.atMs),
        gapCpuMs: Math.max(longest.gapCpuMs, now.cpuMs - last.cpuMs),
      }
      last = now
      return record
    },
    report(turn: number): void {
      tell('changes', { turn, ...longest })
      longest = { gapMs: 0, gapCpuMs: 0 }
    },
  }
}

function changes(probe: ReturnType<typeof gapProbe>, count: number) {
  const perTurn = Math.floor(count / KEYS_FOR_EACH_OF_TURN)
  return source<number, number>({
    name: 'changes',
    type: t.float64,
    position: t.float64,
    async *read(_split, _from, { signal }) {
      const keys = [...shuffled(count, new SeededRandom(1))]
      let wanted = 0
      const orders = new BroadcastChannel('changes-orders')
      orders.onmessage = () => wanted++
      let position = 0
      for (let at = 0; at < count; at += BATCH_RECORDS) {
        yield { values: keys.slice(at, at + BATCH_RECORDS), position: ++position }
      }
      for (let turn = 0; !signal.aborted; turn = wanted) {
        const from = (turn * perTurn) % count
        const ofTurn = keys.slice(from, from + perTurn)
        for (let at = 0; at < ofTurn.length; at += BATCH_RECORDS) {
          yield { values: ofTurn.slice(at, at + BATCH_RECORDS), position: ++position }
        }
        if (wanted === turn) continue
        probe.report(turn)
      }
      orders.close()
    },
  })
}

/** @param owned says whose an account is, or changes nothing */
export function changesJob(owned: (accounts: Accounts) => Accounts, keys = KEYS): Job {
  return job('changes', (env) => {
    const probe = gapProbe()
    const accounts = env
      .fromSource('changes', changes(probe, keys))
      .map((account) => probe.see(account))
      .keyBy((account) => account, t.float64)
    owned(accounts)
      .sum('sums', (account) => account * 0.1234567)
      .sinkTo('drop', sink({ write() {} }))
  })
}

export default changesJob((accounts) => accounts)
