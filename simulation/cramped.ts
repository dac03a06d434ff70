/**
 * State backends in need: with tables that grow all the time, with hardly any memory, slow to load
 * what they restore, and with few timers fired at a time. What takes a large job elsewhere happens
 * to the few keys of a simulated one, too. The backends themselves are the real ones.
 */
import type { BackendContext, KeyedStateBackend, StateBackend } from '../src/spi.ts'
import type { Random } from '../src/util/random.ts'
import type { BackendNeeds } from './theme.ts'

const FEW_SHARDS = { count: 1, slots: 4, rowsAhead: 0, slotsPerPause: 3 }
/** Less than what a handful of rows takes. */
const MEMORY_BYTES = 2_048
const TIMERS_MAX = 3
/** How often a slow one pauses, and for how long. */
const SLOW = { pauses: 15, pauseMsMax: 40, firstMsMax: 0 }
/** So slow that checkpoints are complete before all is loaded. */
const SLOWEST = { pauses: 40, pauseMsMax: 150, firstMsMax: 600 }

/** The same backend, in some need or in none, as chance will have it. */
export function cramped(
  backend: StateBackend,
  chance: Random,
  needs: BackendNeeds = {},
): StateBackend {
  const random = chance.fork('cramped')
  const growsOften = random.int(2) === 0 || needs.growsOften === true
  const hasNoRoom = growsOften && (random.int(2) === 0 || needs.hasNoRoom === true)
  const firesFew = random.int(2) === 0
  const loadsSlowly = random.int(2) === 0 || needs.loadsSlowly === true
  let made = 0
  return {
    name: backend.name,
    create(given: BackendContext) {
      const keyed = backend.create({
        ...given,
        ...(growsOften ? { shards: FEW_SHARDS } : {}),
        ...(hasNoRoom ? { memoryBytes: MEMORY_BYTES } : {}),
      })
      const own = random.fork(`backend ${made++}`)
      if (loadsSlowly) {
        const pace = needs.loadsSlowly === true ? SLOWEST : SLOW
        loadSlowly(keyed, own, pace, () => given.monotonic())
      }
      if (firesFew) fireFew(keyed, own)
      return keyed
    },
  }
}

/** What was restored is loaded now and then only: records ask for it before. */
function loadSlowly(
  keyed: KeyedStateBackend,
  random: Random,
  { pauses, pauseMsMax, firstMsMax }: typeof SLOW,
  monotonic: () => number,
): void {
  const maintain = keyed.maintain.bind(keyed)
  let left = pauses
  let pausedUntilMs = monotonic() + random.next() * firstMsMax
  keyed.maintain = (budgetMs) => {
    if (keyed.isRestoring && left > 0) {
      const nowMs = monotonic()
      // Records that wait for their turn after many look-ups get it by this call only.
      if (nowMs < pausedUntilMs && !keyed.isStrained) return false
      left--
      pausedUntilMs = nowMs + random.next() * pauseMsMax
    }
    return maintain(budgetMs)
  }
}

/** As if there were thousands of timers: between a few and the next ones barriers may come. */
function fireFew(keyed: KeyedStateBackend, random: Random): void {
  const register = keyed.register.bind(keyed)
  keyed.register = (operator) => {
    const table = register(operator)
    const { timers } = table
    const advance = timers.advance.bind(timers)
    timers.advance = (domain, time, limit, onTimer) => {
      const few = Math.min(limit, 1 + random.int(TIMERS_MAX))
      return advance(domain, time, few, onTimer)
    }
    return table
  }
}
