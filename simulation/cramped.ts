/**
 * State backends in need: with tables that grow all the time, with hardly any memory, slow to load
 * what they restore, and with few timers fired at a time. What takes a large job elsewhere happens
 * to the few keys of a simulated one, too. The backends themselves are the real ones.
 */
import type { BackendContext, KeyedStateBackend, StateBackend } from '../src/spi.ts'
import type { Random } from '../src/util/random.ts'

const FEW_SHARDS = { count: 1, slots: 4 }
/** Less than what a handful of rows takes. */
const MEMORY_BYTES = 2_048
const TIMERS_MAX = 3
/** How often in a row a slow one does nothing, at most, and how often in all. */
const PAUSES_IN_A_ROW_MAX = 30
const PAUSES_MAX = 200

/** The same backend, in some need or in none, as chance will have it. */
export function cramped(
  backend: StateBackend,
  chance: Random,
  mustHaveNoRoom = false,
): StateBackend {
  const random = chance.fork('cramped')
  const growsOften = random.int(2) === 0 || mustHaveNoRoom
  const hasNoRoom = growsOften && (random.int(2) === 0 || mustHaveNoRoom)
  const firesFew = random.int(2) === 0
  const loadsSlowly = random.int(2) === 0
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
      if (loadsSlowly) loadSlowly(keyed, own)
      if (firesFew) fireFew(keyed, own)
      return keyed
    },
  }
}

/** What was restored is loaded now and then only: records ask for it before. */
function loadSlowly(keyed: KeyedStateBackend, random: Random): void {
  const maintain = keyed.maintain.bind(keyed)
  let pauses = 0
  let left = PAUSES_MAX
  keyed.maintain = (budgetMs) => {
    if (keyed.isRestoring && left > 0) {
      left--
      if (pauses-- > 0) return true
      pauses = random.int(PAUSES_IN_A_ROW_MAX)
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
