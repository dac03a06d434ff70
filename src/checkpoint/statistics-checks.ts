/** What the figures in a link may look like; those that older versions lack are optional. */
import { MAX_PARALLELISM_LIMIT } from '../state/key-groups.ts'
import * as checks from './json-checks.ts'
import type { CheckpointStatistics, LaterPhases, TaskStatistics } from './manifest.ts'

const TASKS_MAX = 1_000_000
const FORMER_MAX = 65_536

const taskStatistics = checks.shape<TaskStatistics>(
  {
    vertex: checks.integer(),
    subtaskIndex: checks.integer(0, MAX_PARALLELISM_LIMIT - 1),
    alignmentMs: checks.nonNegative,
    syncMs: checks.nonNegative,
    asyncMs: checks.nonNegative,
    bytes: checks.nonNegative,
    dirtyEntries: checks.nonNegative,
  },
  {
    inFlightBytes: checks.nonNegative,
    startDelayMs: checks.nonNegative,
    sinkMs: checks.nonNegative,
    acknowledgedMs: checks.nonNegative,
  },
)
const laterPhases = checks.shape<LaterPhases>(
  {
    checkpointId: checks.integer(1),
    confirmMs: checks.nonNegative,
    completeMs: checks.nonNegative,
  },
  {},
)
export const statistics = checks.shape<CheckpointStatistics>(
  {
    initMs: checks.nonNegative,
    prepareMs: checks.nonNegative,
    confirmMs: checks.nonNegative,
    completeMs: checks.nonNegative,
    bytes: checks.nonNegative,
    dirtyEntries: checks.nonNegative,
    tasks: checks.list(taskStatistics, TASKS_MAX),
  },
  { former: checks.list(laterPhases, FORMER_MAX) },
)
