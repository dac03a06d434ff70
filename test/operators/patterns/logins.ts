// The records of the job of logins, by their index; and what must come of them, evaluated plainly.
import { SeededRandom } from '../../../src/util/random.ts'

/** No two records have the same time: which comes first must not depend on the way they come. */
const TICK_MS = 10_000
export const JITTER_MS = 200 * TICK_MS
export const BREAK_IN_MS = 900 * TICK_MS
export const SILENCE_MS = 700 * TICK_MS
/** The source makes so many records at once; no watermark comes in between. */
const BATCH_RECORDS = 1_000

export interface Login {
  readonly index: number
  readonly user: number
  readonly ok: boolean
  readonly at: number
}

/**
 * Every 500th record from the fourth batch on is from long ago. Only where one subtask reads is it
 * certain that its watermark comes first: another one may not have read anything yet.
 */
const isLate = (index: number): boolean => index >= 3 * BATCH_RECORDS && index % 500 === 0

export function loginAt(index: number, withLate: boolean): Login {
  const random = new SeededRandom(11, index)
  const inTime = index * 4 + random.int(200)
  const at = (withLate && isLate(index) ? -1_000 : inTime) * TICK_MS + (index % TICK_MS)
  return { index, user: random.int(40), ok: random.int(3) === 0, at }
}

/** Every line that the job must have written, sorted. */
export function expectedLines(records: number, withLate: boolean): string[] {
  const lines: string[] = []
  const perUser = new Map<number, Login[]>()
  for (let index = 0; index < records; index++) {
    const login = loginAt(index, withLate)
    if (withLate && isLate(index)) lines.push(`late ${index}`)
    else perUser.set(login.user, [...(perUser.get(login.user) ?? []), login])
  }
  for (const [user, own] of perUser) {
    const logins = own.toSorted((a, b) => a.at - b.at)
    const oks = logins.filter(({ ok }) => ok)
    for (const [place, { index, at }] of oks.entries()) {
      const next = oks[place + 1]
      if (next === undefined || next.at - at >= SILENCE_MS) lines.push(`silence ${user} ${index}`)
    }
    for (let first = 0; first + 2 < logins.length; first++) {
      const [a, b, c] = [logins[first], logins[first + 1], logins[first + 2]]
      if (a === undefined || b === undefined || c === undefined || a.ok || b.ok || !c.ok) continue
      if (c.at - a.at < BREAK_IN_MS) lines.push(`break-in ${user} ${a.index} ${b.index} ${c.index}`)
    }
  }
  return lines.toSorted()
}
