/** What operators with their states and types may look like in a manifest. */
import { STATE_KINDS } from '../state/descriptors.ts'
import type { FormerTypes, OperatorRecord, StateRecord, TimerRecord } from '../state/snapshot.ts'
import type { TypeSchema } from '../types/type.ts'
import { NAME_CHARS_MAX } from './import-checks.ts'
import * as checks from './json-checks.ts'
import { OPERATOR_ID_MAX } from './operator-ids.ts'
import { schema } from './schema-checks.ts'

const LIST_MAX = 65_536

export const name = checks.text(NAME_CHARS_MAX)
export const kindOfState = checks.oneOf(...STATE_KINDS)
const id = checks.integer(1)
const operatorId = checks.integer(1, OPERATOR_ID_MAX)

export const timer = checks.shape<TimerRecord>(
  { name, domain: checks.oneOf('event-time', 'processing-time') },
  { payload: schema },
)
const state = checks.shape<StateRecord>(
  { id, name, kind: kindOfState, type: schema },
  { keyType: schema },
)
const named = checks.list(
  checks.shape<{ readonly name: string; readonly type: TypeSchema }>({ name, type: schema }, {}),
  LIST_MAX,
)
const formerTypes = checks.shape<FormerTypes>(
  { id: checks.integer() },
  {
    states: checks.list(
      checks.shape<{ readonly id: number; readonly type: TypeSchema }>({ id, type: schema }, {}),
      LIST_MAX,
    ),
    timers: named,
    operatorStates: named,
  },
)
export const operator = checks.shape<OperatorRecord>(
  { id: operatorId, uid: name, states: checks.list(state, LIST_MAX) },
  {
    keyType: schema,
    timers: checks.list(timer, LIST_MAX),
    dropped: checks.exactly(true),
    highestStateId: checks.integer(),
    shredded: checks.exactly(true),
    schemaId: checks.integer(),
    formerTypes: checks.list(formerTypes, LIST_MAX),
  },
)
