/** State in memory, with nothing below. */
import type { StateBackend } from '../backend.ts'
import { TableBackend } from '../table/table-backend.ts'

/**
 * Holds all keyed state in memory: the fastest backend, for state that fits.
 *
 * @example
 * export default job('totals', { backend: hashmap() }, (env) => { … })
 */
export function hashmap(): StateBackend {
  return Object.freeze<StateBackend>({
    name: 'hashmap',
    create: (context) => new TableBackend('hashmap', context),
  })
}
