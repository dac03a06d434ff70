/** What a task is made of; `task-builder.ts` puts it together. */
import type { ExchangeOutput } from './exchange/exchange-output.ts'
import type { InputGate } from './exchange/input-gate.ts'
import type { Vertex } from '../graph/job-graph.ts'
import type { KeyedStateBackend } from '../state/backend.ts'
import type { Chain } from './chain.ts'
import type { WorkerHost } from './host.ts'
import type { Replay } from './replay.ts'
import type { SinkRunner } from './sink-runner.ts'
import type { SourceHead } from './source-head.ts'
import type { BarrierSettings } from './task-barriers.ts'
import type { TaskSnapshots } from './task-snapshots.ts'

export interface TaskParts {
  readonly vertex: Vertex
  readonly subtaskIndex: number
  readonly chain: Chain
  readonly head: SourceHead | InputGate
  readonly source: SourceHead | undefined
  readonly gate: InputGate | undefined
  readonly exchanges: readonly ExchangeOutput[]
  readonly sinks: readonly SinkRunner[]
  readonly backend: KeyedStateBackend | undefined
  readonly snapshots: TaskSnapshots
  readonly operatorIds: ReadonlyMap<string, number>
  readonly host: WorkerHost
  readonly barriers: BarrierSettings
  /** What was in flight to this task. */
  readonly replay: Replay
}
