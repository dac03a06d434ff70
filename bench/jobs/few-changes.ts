/** The same sums of fewer accounts. */
import { changesJob, FEW_KEYS } from './changes.ts'

export default changesJob((accounts) => accounts, FEW_KEYS)
