/** Planted bugs of the checkpoint protocol: when it is complete, what it covers, what fails. */
import type { PlantedBug } from './bug.ts'

const PREPARE = 'src/checkpoint/decisions-prepare.ts'
const SNAPSHOTS = 'src/runtime/task-snapshots.ts'
const BACKEND = 'src/state/table/table-backend.ts'

export const checkpointBugs: readonly PlantedBug[] = [
  {
    name: 'confirmed-with-one-acknowledgement-missing',
    symptom: 'a checkpoint that counts as complete lacks the state of a subtask',
    file: PREPARE,
    find: 'if (active.acknowledged.size < draft.setup.tasks.length) return',
    replace: 'if (active.acknowledged.size < draft.setup.tasks.length - 1) return',
  },
  {
    name: 'complete-told-before-the-manifest',
    symptom: 'output is visible of a checkpoint that a crash undoes, and comes twice',
    file: PREPARE,
    find: '  draft.active = confirming\n',
    replace:
      '  draft.active = confirming\n' +
      "  draft.effects.push({ kind: 'send-complete', checkpointId: active.checkpointId })\n",
  },
  {
    name: 'aborted-changes-lost',
    symptom: 'after a failed checkpoint the next ones lack what changed before it',
    file: BACKEND,
    find: '    this.#base = Math.min(this.#base, cut.base)\n',
    replace: '',
  },
  {
    name: 'confirmed-epoch-too-new',
    symptom: 'state that left memory between barrier and completion is lost at a recovery',
    file: BACKEND,
    find: '      this.#confirmedEpoch = cut.epoch\n',
    replace: '      this.#confirmedEpoch = this.#epoch\n',
  },
  {
    name: 'cut-includes-later-writes',
    symptom: 'a recovery restores writes of records that are read again',
    file: 'src/state/table/pending-cuts.ts',
    find: 'if (cut.holds(epoch)) this.encodeRow',
    replace: 'if (cut.holds(epoch) || cut.holds(epoch - 1)) this.encodeRow',
  },
  {
    name: 'cut-before-the-fate-of-the-former',
    symptom: 'a checkpoint builds on one that is given up',
    file: SNAPSHOTS,
    find: 'return last === undefined || (last.checkpointId === after && !last.isAborted)',
    replace: 'return true || after === last?.checkpointId',
  },
  {
    name: 'builds-on-the-confirmed-runs-only',
    symptom: 'with two checkpoints under way the second lacks what the first holds',
    file: SNAPSHOTS,
    find: 'this.#withMerge(former?.runs ?? this.#runs)',
    replace: 'this.#withMerge(this.#runs)',
  },
  {
    name: 'later-checkpoints-outlive-an-abort',
    symptom: 'a checkpoint is complete although the one that it builds on was given up',
    file: 'src/checkpoint/decisions-abort.ts',
    find:
      '  if (draft.active?.checkpointId === checkpointId) draft.active = undefined\n' +
      '  const later = draft.overlapping.filter((each) => each.checkpointId > checkpointId)\n' +
      '  draft.overlapping = draft.overlapping.filter((each) => each.checkpointId < ' +
      'checkpointId)\n  return later\n',
    replace:
      '  const others = inProgress(draft).filter((each) => each.checkpointId !== checkpointId)\n' +
      '  draft.active = others[0]\n  draft.overlapping = others.slice(1)\n  return []\n',
  },
  {
    name: 'doubtful-manifest-given-up',
    symptom: 'the newest manifest names files that were deleted; the job cannot be restored',
    file: 'src/checkpoint/chain-keeper.ts',
    find: "(await wasAppended(store, place)) === false ? 'failed' : 'doubtful'",
    replace: "(await wasAppended(store, place)) === undefined ? 'doubtful' : 'failed'",
  },
  {
    name: 'checkpoint-id-used-again',
    symptom: 'after a restart files of two checkpoints have one name',
    file: 'src/runtime/lead.ts',
    find: 'firstCheckpointId: (await highestCheckpointId(store, chain)) + 1',
    replace: 'firstCheckpointId: Math.max(1, await highestCheckpointId(store, chain))',
  },
  {
    name: 'source-stays-stopped-after-a-failed-stop',
    symptom: 'a job whose stop has failed runs on and reads nothing any more',
    file: 'src/runtime/task.ts',
    find: '    if (this.#stoppedBy === checkpointId) this.parts.source?.resume()\n',
    replace: '',
  },
  {
    name: 'savepoint-acknowledged-before-it-is-written',
    symptom: 'a stop with savepoint says "done", and the savepoint is not there',
    file: 'src/checkpoint/decisions-complete.ts',
    find: 'entry.committedBy.size === workers && entry.writingSavepoint === undefined',
    replace: 'entry.committedBy.size === workers',
  },
  {
    name: 'splits-cut-when-the-manifest-is-written',
    symptom: 'a split handed out during a checkpoint is never read again after a recovery',
    file: 'src/checkpoint/coordinator.ts',
    find: 'writeManifest(this.#keeper, this.#job, effect, cut, location)',
    replace:
      'writeManifest(this.#keeper, this.#job, effect, ' +
      '{ ...cut, sources: this.#world.cutSources() }, location)',
  },
]
