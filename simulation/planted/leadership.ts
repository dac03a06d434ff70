/** Planted bugs of leadership: fences, takeovers, collection, imports, claims, regions. */
import type { PlantedBug } from './bug.ts'

const CHAIN = 'src/checkpoint/chain.ts'
const GIVING_UP = 'src/checkpoint/give-up.ts'
const GARBAGE = 'src/checkpoint/collect-garbage.ts'

export const leadershipBugs: readonly PlantedBug[] = [
  {
    name: 'lost-put-taken-for-won',
    symptom: 'two processes lead one job, and both commit output',
    file: CHAIN,
    find: "if (!(await store.putIfAbsent(name, bytes))) return 'lost'",
    replace: 'await store.putIfAbsent(name, bytes)',
  },
  {
    name: 'deleted-number-taken-for-free',
    symptom: 'a process that slept long appends behind a chain that has gone on',
    file: CHAIN,
    find: '  if (await isPassed(store, head)) {',
    replace: "  if (name === '' && (await isPassed(store, head))) {",
  },
  {
    name: 'epoch-not-raised',
    symptom: 'two leaders write under one epoch, and their files have one name',
    file: CHAIN,
    find: 'const leaderEpoch = head.leaderEpoch + 1',
    replace: 'const leaderEpoch = Math.max(1, head.leaderEpoch)',
  },
  {
    name: 'decided-before-the-last-link',
    symptom: 'a takeover restores an older checkpoint although a newer one is complete',
    file: 'src/runtime/origin.ts',
    find: '  const link = await chosen(request, seen)\n',
    replace:
      '  const before = { ...seen, entries: seen.entries.slice(0, Math.max(1, ' +
      'seen.entries.length - 1)) }\n' +
      '  const link = await chosen(request, before)\n',
  },
  {
    name: 'first-choice-kept-when-asked-again',
    symptom: 'a start that finds another line begun restores the checkpoint that was left behind',
    file: 'src/runtime/lead.ts',
    find: '      decided.link = undefined\n',
    replace: '',
  },
  {
    name: 'collection-looks-at-the-newest-only',
    symptom: 'an older checkpoint that is kept lacks files',
    file: GARBAGE,
    find: 'deletableRuns({ names, kept: [...pinned, ...kept], released, alive })',
    replace: 'deletableRuns({ names, kept: [...pinned, ...kept.slice(-1)], released, alive })',
  },
  {
    name: 'sleeper-collects',
    symptom: 'a process that slept deletes files of its successor',
    file: GARBAGE,
    find: '  if (await isSuperseded(store, links)) return nothing\n',
    replace: '  if (links.length === 0) return nothing\n',
  },
  {
    name: 'newest-link-deleted-first',
    symptom: 'a crash during a collection leaves a chain with a gap',
    file: GARBAGE,
    find: 'for (const sequence of doomedLinks.toSorted((a, b) => a - b)) {',
    replace: 'for (const sequence of doomedLinks.toSorted((a, b) => b - a)) {',
  },
  {
    name: 'held-checkpoint-collected',
    symptom: 'a savepoint fails because its checkpoint is deleted while it is copied',
    file: 'src/checkpoint/retention.ts',
    find: '  for (const sequence of held) cut = Math.min(cut, sequence)\n',
    replace: '',
  },
  {
    name: 'retention-keeps-one-less',
    symptom: 'fewer checkpoints are kept than are asked for: there is none to go back to',
    file: 'src/checkpoint/retention.ts',
    find: 'return count <= 0 ? [] : items.slice(-count)',
    replace: 'return count <= 1 ? items.slice(-count) : items.slice(-count + 1)',
  },
  {
    name: 'old-checkpoint-deleted-unverified',
    symptom: 'when a restored block is damaged there is no older checkpoint to fall back to',
    file: 'src/checkpoint/retention.ts',
    find: 'if (head === undefined || unverified) return { released: [], kept: links }',
    replace: 'if (head === undefined) return { released: [], kept: links }',
    uncaught: 'damage that stays is rare, and seldom in the one restored block',
  },
  {
    name: 'lease-said-again-after-its-loss',
    symptom: 'two processes say that they lead, and standbys believe the wrong one',
    file: 'src/checkpoint/lease.ts',
    find: 'if (isLater && newest.holder !== holder && view',
    replace: 'if (isLater && newest.holder === holder && view',
    uncaught: 'the fence decides who leads; no check compares what processes say',
  },
  {
    name: 'cancel-deletes-before-its-fence',
    symptom: 'a start beside a cancelled job reads a chain that is half deleted',
    file: GIVING_UP,
    find: '      const givesUp = {',
    replace:
      '      for (const { name } of seen.entries) await store.delete(name)\n' +
      '      const givesUp = {',
  },
  {
    name: 'numbers-begin-anew-after-a-cancel',
    symptom: 'a process that slept finds its number free again, and leads beside another',
    file: GIVING_UP,
    find: '  return collectGarbage(store, request, reach)\n',
    replace:
      '  const collection = await collectGarbage(store, request, reach)\n' +
      '  for (const { name } of entries.slice(-1)) await store.delete(name)\n' +
      '  return collection\n',
  },
  {
    name: 'cancelled-job-deletes-files-of-its-successor',
    symptom: 'a job that is started while it is being cancelled lacks files',
    file: GIVING_UP,
    find: 'alive: { leaderEpoch: head.leaderEpoch, checkpointId: 0 }',
    replace: 'alive: { leaderEpoch: Number.MAX_SAFE_INTEGER, checkpointId: 0 }',
  },
  {
    name: 'gives-up-what-another-leads',
    symptom: 'a process that slept and is cancelled deletes the state of its successor',
    file: GIVING_UP,
    find: '      requireLead(store, seen, request)\n',
    replace: '',
  },
  {
    name: 'import-without-its-records',
    symptom: 'a job started from a savepoint has lost watermarks, broadcast and list state',
    file: 'src/runtime/import-snapshot.ts',
    find:
      '      ...(records === undefined\n        ? {}\n' +
      '        : { records: { ...records, name: this.#ownName(records.name) } }),\n',
    replace: '      records: undefined,\n',
  },
  {
    name: 'claimed-snapshot-deleted-too-early',
    symptom: 'a crash during the import of a claimed savepoint loses it',
    file: 'src/runtime/import-snapshot.ts',
    find: "    await host.at('before-import-link')\n",
    replace: "    await this.#deleteClaimed()\n    await host.at('before-import-link')\n",
  },
  {
    name: 'region-without-its-neighbours',
    symptom: 'a task restarts alone although others have seen what it takes back',
    file: 'src/graph/regions.ts',
    find: '    joinAll(from)\n    joinAll(to)\n',
    replace: '    joinAll(from)\n',
  },
  {
    name: 'restarted-task-still-counts-as-ended',
    symptom: 'a job finishes before a region that was restarted has read its input',
    file: 'src/checkpoint/decisions-regions.ts',
    find: '  for (const task of tasks) ended.delete(taskKey(task))\n',
    replace: '',
  },
  {
    name: 'gives-up-one-restart-early',
    symptom: 'a job ends one restart before those that it may have are used up',
    file: 'src/runtime/restart.ts',
    find: "const next = failures > strategy.attemptsMax ? 'give up' : strategy.delayMs",
    replace: "const next = failures >= strategy.attemptsMax ? 'give up' : strategy.delayMs",
  },
]
