/** The same sums, each account sealed under the key of its owner; a hundred accounts have one. */
import { changesJob } from './changes.ts'

const OWNERS = 10_000

export default changesJob((accounts) => accounts.shredBy((account) => account % OWNERS))
