/**
 * What a link of format version 1 may look like, field by field; the compiler holds these checks
 * against the interfaces of `manifest.ts`. After the shape come the rules that join fields.
 */
import type {
  JobPlan,
  PlanEdge,
  PlanNode,
  PlanOperatorState,
  PlanState,
  PlanVertex,
} from '../graph/plan.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'
import { MAX_PARALLELISM_LIMIT } from '../state/key-groups.ts'
import { OPERATOR_ID_MAX } from './operator-ids.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { Signature } from '../storage/signatures.ts'
import { claimed, imports, subjects } from './import-checks.ts'
import * as checks from './json-checks.ts'
import { type Check, refuse, unique } from './json-checks.ts'
import { schema } from './schema-checks.ts'
import { statistics } from './statistics-checks.ts'
import { SEQUENCE_MAX, parseRunName } from './layout.ts'
import { MANIFEST_FORMAT_VERSION } from './manifest.ts'
import { kindOfState, name, operator, timer } from './operator-checks.ts'
import type {
  CheckpointLink,
  FenceLink,
  GivenUp,
  LinkHeader,
  ManifestLink,
  SourceRecord,
  SplitRecord,
  TaskRecord,
} from './manifest.ts'

const ELEMENTS_MAX = 1_000_000
const LIST_MAX = 65_536
const UINT32_MAX = 0xffff_ffff

const id = checks.integer(1)
const operatorId = checks.integer(1, OPERATOR_ID_MAX)
export const parallelism = checks.integer(1, MAX_PARALLELISM_LIMIT)
const subtaskIndex = checks.integer(0, MAX_PARALLELISM_LIMIT - 1)
const partitioning = checks.oneOf('forward', 'hash', 'rebalance', 'broadcast')

export const planState = checks.shape<PlanState>(
  { name, kind: kindOfState, type: schema },
  { keyType: schema },
)
export const planOperatorState = checks.shape<PlanOperatorState>(
  { name, kind: checks.oneOf('operator-list', 'union-list', 'broadcast'), type: schema },
  { keyType: schema },
)
const planNode = checks.shape<PlanNode>(
  {
    id: checks.integer(),
    kind: checks.oneOf('source', 'operator', 'sink'),
    operation: name,
    label: name,
    states: checks.list(planState, LIST_MAX),
    usesTimers: checks.flag,
    inputs: checks.list(checks.integer(), LIST_MAX),
  },
  {
    uid: name,
    keyType: schema,
    timers: checks.list(timer, LIST_MAX),
    operatorStates: checks.list(planOperatorState, LIST_MAX),
    shredded: checks.exactly(true),
    bounded: checks.flag,
    readsAllSplits: checks.flag,
    replayable: checks.flag,
    guarantee: checks.oneOf('exactly-once', 'at-least-once'),
    canWithdraw: checks.flag,
    findsNewerOutput: checks.flag,
    discoverEveryMs: checks.nonNegative,
  },
)
const planVertex = checks.shape<PlanVertex>(
  {
    id: checks.integer(),
    name,
    nodes: checks.list(checks.integer(), LIST_MAX),
    parallelism,
    inputs: checks.list(checks.integer(), LIST_MAX),
  },
  {},
)
const planEdge = checks.shape<PlanEdge>(
  {
    id: checks.integer(),
    fromVertex: checks.integer(),
    toVertex: checks.integer(),
    partitioning,
  },
  { input: checks.exactly(1) },
)
const plan = checks.shape<JobPlan>(
  {
    jobName: name,
    parallelism,
    maxParallelism: parallelism,
    nodes: checks.list(planNode, LIST_MAX),
    vertices: checks.list(planVertex, LIST_MAX),
    edges: checks.list(planEdge, LIST_MAX),
  },
  {},
)

const keyGroups = checks.shape<KeyGroupRange>(
  {
    start: checks.integer(0, MAX_PARALLELISM_LIMIT),
    end: checks.integer(-1, MAX_PARALLELISM_LIMIT),
  },
  {},
)
const run = checks.shape<RunReference>(
  {
    name: (value, path) => {
      const runName = name(value, path)
      return parseRunName(runName) === undefined ? refuse(path, 'is no name of a run') : runName
    },
    lengthBytes: checks.integer(),
    footerChecksum: checks.integer(0, UINT32_MAX),
    entries: checks.integer(),
    keyGroups,
  },
  { operators: checks.list(operatorId, LIST_MAX), footerHash: checks.text(64, /^[0-9a-f]{64}$/) },
)
const split = checks.shape<SplitRecord>(
  { id: name },
  {
    properties: checks.table(checks.scalar, LIST_MAX),
    position: checks.text(ELEMENTS_MAX),
    skip: checks.shape<NonNullable<SplitRecord['skip']>>(
      { values: checks.integer(), malformed: checks.integer() },
      {},
    ),
    watermark: checks.finite,
    generator: checks.text(ELEMENTS_MAX),
  },
)
const source = checks.shape<SourceRecord>(
  {
    uid: name,
    pending: checks.list(split, ELEMENTS_MAX),
    finished: checks.list(name, ELEMENTS_MAX),
  },
  {},
)

const task = checks.shape<TaskRecord>(
  { vertex: checks.integer(), subtaskIndex, runs: checks.list(run, LIST_MAX), keyGroups },
  { records: run, source, inFlight: checks.list(checks.integer(), LIST_MAX) },
)

const header = {
  formatVersion: checks.integer(1, MANIFEST_FORMAT_VERSION),
  sequence: checks.integer(1, SEQUENCE_MAX),
  previousHash: checks.text(64, /^([0-9a-f]{64})?$/),
  jobName: name,
  lineage: name,
  leaderEpoch: checks.integer(1),
  writtenAt: checks.finite,
} satisfies {
  readonly [K in Exclude<keyof LinkHeader, 'keyId' | 'signature'>]: Check<LinkHeader[K]>
}
const keyId = checks.text(200, /^[!-~]+$/)
const signature = checks.shape<Signature>(
  { keyId, value: checks.text(2_000, /^[A-Za-z0-9+/]+=*$/) },
  {},
)

const fence = checks.shape<FenceLink>(
  { ...header, kind: checks.exactly('fence'), restores: checks.integer(0, SEQUENCE_MAX) },
  {
    leader: name,
    imports,
    givesUp: checks.shape<GivenUp>({ highestCheckpointId: checks.integer() }, {}),
    keyId,
    signature,
  },
)
const checkpoint = checks.shape<CheckpointLink>(
  {
    ...header,
    kind: checks.exactly('checkpoint'),
    checkpointId: id,
    purpose: checks.oneOf('periodic', 'manual', 'savepoint', 'stop', 'final', 'rollback'),
    finished: checks.flag,
    params: (value, path) => checks.plainObject(checks.json(value, path), path),
    plan,
    operators: checks.list(operator, LIST_MAX),
    parallelism,
    maxParallelism: parallelism,
    tasks: checks.list(task, ELEMENTS_MAX),
    sources: checks.list(source, LIST_MAX),
    processingTime: checks.finite,
    statistics,
  },
  { claimed, subjects, keyId, signature },
)

/** Proves that `value` is a link of format version 1. */
export const linkCheck: Check<ManifestLink> = (value, path) => {
  const { kind } = checks.plainObject(value, path)
  const link = kind === 'fence' ? fence(value, path) : checkpoint(value, path)
  if ((link.sequence === 1) !== (link.previousHash === '')) {
    refuse('previousHash', 'must be empty in the first link and only there')
  }
  if (link.kind === 'fence') {
    if (link.restores >= link.sequence) refuse('restores', 'does not name an older link')
    if (link.givesUp !== undefined && (link.restores > 0 || link.imports !== undefined)) {
      refuse('givesUp', 'goes with nothing that is restored or imported')
    }
    return link
  }
  checkRelations(link)
  return link
}

/** What must hold between the fields of a checkpoint, so that a restore can rely on it. */
function checkRelations(link: CheckpointLink): void {
  unique(link.operators, (record) => record.id, 'operators', 'id')
  const live = link.operators.filter((record) => record.dropped !== true)
  unique(live, (record) => record.uid, 'operators', 'uid')
  for (const record of link.operators) unique(record.states, (s) => s.id, record.uid, 'state id')
  unique(link.tasks, (t) => `${t.vertex}/${t.subtaskIndex}`, 'tasks', 'subtask')
  unique(link.sources, (record) => record.uid, 'sources', 'uid')
  const vertices = new Map(link.plan.vertices.map((vertex) => [vertex.id, vertex]))
  const nodes = new Set(link.plan.nodes.map((node) => node.id))
  for (const vertex of link.plan.vertices) {
    if (!vertex.nodes.every((node) => nodes.has(node))) refuse('plan', 'names an unknown node')
  }
  for (const record of link.tasks) {
    const vertex = vertices.get(record.vertex)
    if (vertex === undefined || record.subtaskIndex >= vertex.parallelism) {
      refuse(
        'tasks',
        `has subtask ${record.vertex}/${record.subtaskIndex}, which is not in the plan`,
      )
    }
    for (const { keyGroups: range } of record.runs) {
      if (range.end >= link.maxParallelism) refuse('tasks', 'names key groups that do not exist')
    }
  }
}
