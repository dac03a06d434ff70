// The records of the job of visits, by their index; and what must come of them, evaluated plainly.
import { SeededRandom } from '../../../src/util/random.ts'

export const JITTER_MS = 200
/** The source makes so many records at once; a watermark comes after each of them. */
const BATCH_RECORDS = 1_000

export interface Visit {
  readonly index: number
  readonly page: number
  readonly user: number
  readonly at: number
}

/**
 * Every 500th record from the fourth batch on is from long ago. Only where one subtask reads is it
 * certain that its watermark comes first: another one may not have read anything yet.
 */
const isLate = (index: number): boolean => index >= 3 * BATCH_RECORDS && index % 500 === 0

export function visitAt(index: number, withLate = true): Visit {
  const random = new SeededRandom(7, index)
  const inTime = index * 4 + random.int(JITTER_MS)
  const at = withLate && isLate(index) ? -1_000 + (index % 7) : inTime
  return { index, page: random.int(5), user: random.int(40), at }
}

/** Every line that the job must have written, sorted. */
export function expectedLines(records: number, withLate: boolean): string[] {
  const visits = Array.from({ length: records }, (_, index) => visitAt(index, withLate))
  const perPage = new Map<string, number>()
  const perUser = new Map<number, Visit[]>()
  const lines: string[] = []
  for (const visit of visits) {
    if (visit.at < 0) {
      lines.push(`late ${visit.page} ${visit.at}`)
      continue
    }
    const name = `page ${visit.page} ${Math.floor(visit.at / 500) * 500}`
    perPage.set(name, (perPage.get(name) ?? 0) + 1)
    perUser.set(visit.user, [...(perUser.get(visit.user) ?? []), visit])
  }
  for (const [name, count] of perPage) lines.push(`${name} ${count}`)
  const inTime = visits.filter(({ at }) => at >= 0)
  lines.push(...slidingLines(inTime), ...soFarLines(inTime))
  for (const [user, own] of perUser) {
    let session: Visit[] = []
    const end = (): void => {
      const [first, last] = [session[0]?.at ?? 0, session.at(-1)?.at ?? 0]
      const pages = new Set(session.map(({ page }) => page)).size
      lines.push(`user ${user} ${first}-${last + 300} ${session.length} of ${pages}`)
      session = []
    }
    for (const visit of own.toSorted((a, b) => a.at - b.at)) {
      if (visit.at - (session.at(-1)?.at ?? visit.at) >= 300) end()
      session.push(visit)
    }
    end()
  }
  return lines.toSorted()
}

function slidingLines(visits: readonly Visit[]): string[] {
  const counts = new Map<string, number>()
  for (const { page, at } of visits) {
    for (let start = Math.floor(at / 200) * 200; start > at - 900; start -= 200) {
      const name = `sliding ${page} ${start}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return Array.from(counts, ([name, count]) => `${name} ${count}`)
}

function soFarLines(visits: readonly Visit[]): string[] {
  const counts = new Map<number, number>()
  for (const { at } of visits) {
    const last = (Math.floor(at / 2_000) + 1) * 2_000
    for (let end = (Math.floor(at / 500) + 1) * 500; end <= last; end += 500) {
      counts.set(end, (counts.get(end) ?? 0) + 1)
    }
  }
  return Array.from(counts, ([end, count]) => `so far all ${end} ${count}`)
}

export function countLate(records: number): number {
  return Array.from({ length: records }, (_, index) => isLate(index)).filter(Boolean).length
}
