/** The same sums of fewer accounts, each sealed under the key of its owner; a hundred have one. */
import { changesJob, FEW_KEYS } from './changes.ts'

const OWNERS = FEW_KEYS / 100

export default changesJob((accounts) => accounts.shredBy((account) => account % OWNERS), FEW_KEYS)
