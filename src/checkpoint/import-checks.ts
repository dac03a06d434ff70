/** What links say of a snapshot that was, or is being, imported: checked field by field. */
import * as checks from './json-checks.ts'
import { SEQUENCE_MAX } from './layout.ts'
import type { ClaimedSnapshot, ImportRecord, VaultRecord } from './manifest.ts'

export const NAME_CHARS_MAX = 4096

const name = checks.text(NAME_CHARS_MAX)
const id = checks.integer(1)

export const imports = checks.shape<ImportRecord>(
  {
    location: name,
    checkpointId: id,
    hash: checks.text(64, /^[0-9a-f]{64}$/),
    leaderEpoch: id,
    ownCheckpointId: id,
  },
  { claims: checks.exactly(true) },
)

export const subjects = checks.shape<VaultRecord>(
  {
    vault: checks.text(16, /^[0-9a-f]{16}$/),
    number: checks.integer(1, SEQUENCE_MAX),
    location: name,
  },
  {},
)

export const claimed = checks.shape<ClaimedSnapshot>({ location: name, lineage: name }, {})
