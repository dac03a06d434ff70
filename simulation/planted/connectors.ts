/** Planted bugs of sources and sinks: positions, splits, commits, withdrawals. */
import type { PlantedBug } from './bug.ts'

const RUNNER = 'src/runtime/sink-runner.ts'
const SPLITS = 'src/runtime/split-coordinator.ts'
const READER = 'src/runtime/split-reader.ts'

export const connectorBugs: readonly PlantedBug[] = [
  {
    name: 'position-one-batch-ahead',
    symptom: 'a recovery skips the batch that was being handed on',
    file: 'src/runtime/source-head.ts',
    find: '        this.#current = { split, batch, index: 0 }\n',
    replace:
      '        split.position = { value: batch.position }\n' +
      '        this.#current = { split, batch, index: 0 }\n',
  },
  {
    name: 'position-one-batch-behind',
    symptom: 'a recovery reads the last batch again',
    file: 'src/runtime/source-head.ts',
    find: '    split.position = { value: batch.position }\n    this.#current = undefined\n',
    replace:
      '    if (split.hasBatch) split.position = { value: batch.position }\n' +
      '    this.#current = undefined\n',
  },
  {
    name: 'skip-not-added-up',
    symptom: 'two recoveries in one batch read its first records twice',
    file: READER,
    find: 'values: this.#left.values + current.index',
    replace: 'values: current.index',
  },
  {
    name: 'splits-found-early-given-to-nobody',
    symptom: 'a job reads nothing of what was found before its tasks ran',
    file: 'src/runtime/attempt.ts',
    find: 'this.#assignedEarly.push(...assignments)',
    replace: 'this.#assignedEarly.length = 0',
  },
  {
    name: 'splits-found-early-given-after-a-trigger',
    symptom: 'a checkpoint lacks splits that a task was to read from its beginning on',
    file: 'src/runtime/attempt.ts',
    find: '    this.#assign(this.#assignedEarly.splice(0))\n    onRunning()\n',
    replace:
      '    onRunning()\n' +
      '    const late = this.#assignedEarly.splice(0)\n' +
      '    void this.#setup.host.clock.sleep(40).then(() => this.#assign(late))\n',
  },
  {
    name: 'restored-split-discovered-again',
    symptom: 'after a recovery a split is read by two subtasks',
    file: SPLITS,
    find: 'known: new Set([...finished, ...pending.map((split) => split.id)])',
    replace: 'known: new Set(finished)',
  },
  {
    name: 'discovered-split-not-in-the-checkpoint',
    symptom: 'splits that nobody has begun are never read after a recovery',
    file: SPLITS,
    find: '      pending: [...pending],\n',
    replace: '      pending: [],\n',
  },
  {
    name: 'finished-split-read-again',
    symptom: 'a split that was read to its end is read again after a recovery',
    file: 'src/checkpoint/restore-plan.ts',
    find: 'const finished = new Set(records.flatMap((record) => record.finished))',
    replace: 'const finished = new Set<string>()',
  },
  {
    name: 'split-taken-on-before-the-barrier',
    symptom: 'a checkpoint has a split twice and cannot be restored',
    file: 'src/runtime/worker-runtime.ts',
    find: 'return isRunning && tasks.some((task) => task.barriers.awaitsCut)',
    replace: 'return isRunning && tasks.some((task) => task.barriers.heldId === -1)',
  },
  {
    name: 'region-goes-back-further-than-its-state',
    symptom: 'after the restart of a region its records count twice',
    file: SPLITS,
    find: '        state.held.set(record.id, { subtaskIndex, record, isInCheckpoint: true })\n',
    replace:
      '        const { record: held = record } = state.held.get(record.id) ?? {}\n' +
      '        state.held.set(record.id, { subtaskIndex, record: held, isInCheckpoint: true })\n',
  },
  {
    name: 'committables-not-restored',
    symptom: 'output of the last checkpoint before a crash never becomes visible',
    file: RUNNER,
    find: '    this.#pending = decode(restored.own)\n',
    replace: '',
  },
  {
    name: 'uncommitted-output-forgotten',
    symptom: 'output is lost when two checkpoints come before its commit and a crash',
    file: RUNNER,
    find: 'return [...older, ...fresh].map((pending, index) => ({',
    replace: 'return fresh.map((pending, index) => ({',
  },
  {
    name: 'committed-one-checkpoint-early',
    symptom: 'output is visible of a checkpoint that a crash undoes, and comes twice',
    file: RUNNER,
    find: '(pending) => pending.scope.checkpointId <= checkpointId',
    replace: '(pending) => pending.scope.checkpointId <= checkpointId + 1',
  },
  {
    name: 'committables-of-missing-subtasks-lost',
    symptom: 'scaling down loses output that was not committed yet',
    file: 'src/runtime/task-records.ts',
    find: 'task.subtaskIndex % parallelism === subtaskIndex',
    replace: 'task.subtaskIndex === subtaskIndex',
  },
  {
    name: 'output-not-taken-back',
    symptom: 'after going back to an older checkpoint output is there twice',
    file: RUNNER,
    find: 'if (scope.checkpointId <= this.#options.scope.checkpointId) continue',
    replace: 'if (scope.checkpointId <= this.#options.scope.checkpointId + 1) continue',
  },
  {
    name: 'commit-not-tried-again',
    symptom: 'output that a sink could not commit at once never becomes visible',
    file: RUNNER,
    find: "if ((await committer.commit({ ...pending, attempt })) === 'committed') {",
    replace:
      "if ((await committer.commit({ ...pending, attempt })) === 'committed' || attempt > 0) {",
  },
  {
    name: 'hash-foreseen-for-any-string-as-long',
    symptom: 'a key lies in the group of another one, and its state is not found',
    file: 'src/types/keys-hash.ts',
    find: 'text.length === foreseen.length && text === foreseen ?',
    replace: 'text.length === foreseen.length ?',
  },
  {
    name: 'hash-of-bytes-not-ended',
    symptom: 'a word that comes as bytes is another key than the same word after a recovery',
    file: 'src/types/text-of.ts',
    find: 'foreseeHash(text, Math.imul(hash ^ STRING_END, FNV_PRIME))',
    replace: 'foreseeHash(text, hash)',
  },
  {
    name: 'words-of-the-batch-before',
    symptom: 'words are cut from the lines before, where a batch is as long as the last',
    file: 'src/types/text-of.ts',
    find: 'if (bytes !== this.#bytes || start',
    replace: 'if (bytes.length !== this.#bytes?.length || start',
  },
  {
    name: 'values-behind-a-barrier-written-before-it',
    symptom: 'a sink makes values safe that come after the barrier, which never passes',
    file: 'src/runtime/outbox.ts',
    find: '    if (countMax < length) return first.takeSome(countMax)\n',
    replace: '',
  },
  {
    name: 'fields-of-the-batch-before',
    symptom: 'records are made of the lines before, where a batch is as long as the last',
    file: 'src/operators/text/field-reader.ts',
    find: 'if (bytes !== this.bytes) {',
    replace: 'if (bytes.length !== this.bytes.length) {',
  },
  {
    name: 'text-cut-where-its-piece-ends',
    symptom:
      'the last text of a line lacks what the piece before, of which it is cut, had no room for',
    file: 'src/operators/text/field-reader.ts',
    find: 'if (this.end <= this.pieceEnd && start >= this.pieceStart) return',
    replace: 'if (start <= this.pieceEnd && start >= this.pieceStart) return',
  },
  {
    name: 'wide-space-within-a-word',
    symptom: 'words with white space of two bytes between them are counted as one',
    file: 'src/operators/text/words.ts',
    find: 'return second === 0xa0 ? 2 : 0 // U+00A0',
    replace: 'return second === 0xa1 ? 2 : 0 // U+00A0',
  },
]
