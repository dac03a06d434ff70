// What the world has seen: when going on from another checkpoint would repeat it or leave it out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckpointLink, ManifestLink } from '../../src/checkpoint/manifest.ts'
import {
  requireForeignOutput,
  requireNewerOutput,
  requireOutputOf,
  sinksThatFindNothing,
} from '../../src/checkpoint/visible-output.ts'
import { MillraceError } from '../../src/errors.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import { checkpoint, fenceLink, node, plan } from './links.ts'

function sink(uid: string, changes: Partial<PlanNode> = {}): PlanNode {
  return node(1, uid, { kind: 'sink', states: [], guarantee: 'exactly-once', ...changes })
}

const PLAIN = sink('plain')
const WITHDRAWS = sink('withdraws', { canWithdraw: true })
const LOOSE = sink('loose', { guarantee: 'at-least-once' })

function link(
  sequence: number,
  sinks: readonly PlanNode[],
  changes: Partial<CheckpointLink> = {},
): CheckpointLink {
  return checkpoint(sequence, { plan: plan(1, [[node(0, 'count'), ...sinks]]), ...changes })
}

function refused(code: string, names: readonly string[], id: number) {
  return (error: unknown) => {
    assert.ok(error instanceof MillraceError)
    assert.equal(error.code, code)
    const named = [...error.message.matchAll(/"(\w+)"/g)].map(([, name]) => name)
    assert.deepEqual(named, names)
    assert.deepEqual(error.details, { checkpointId: id })
    return true
  }
}

test('going back is refused for sinks that cannot take back what came later', () => {
  const chosen = link(2, [PLAIN, WITHDRAWS])
  requireNewerOutput(chosen, [], false, [])
  requireNewerOutput(chosen, [link(3, [WITHDRAWS, LOOSE])], false, [])
  const newer = [link(3, [PLAIN, WITHDRAWS]), link(4, [PLAIN, sink('late')])]
  const expected = refused('OUTPUT_MAY_REPEAT', ['plain', 'late'], 2)
  assert.throws(() => requireNewerOutput(chosen, newer, false, []), expected)
})

test('output that no link names is found by the sink itself, or going back is refused', () => {
  const finds = sink('finds', { findsNewerOutput: true, canWithdraw: true })
  requireNewerOutput(link(2, [finds]), [], true, [])
  requireNewerOutput(link(2, [finds, LOOSE]), [], true, ['other'])
  const unfound = refused('OUTPUT_MAY_REPEAT', ['withdraws'], 2)
  assert.throws(() => requireNewerOutput(link(2, [finds, WITHDRAWS]), [], true, []), unfound)
  const renamed = refused('OUTPUT_MAY_REPEAT', ['finds'], 2)
  assert.throws(() => requireNewerOutput(link(2, [finds]), [], true, ['finds']), renamed)
  assert.deepEqual(sinksThatFindNothing(plan(1, [[finds, PLAIN, LOOSE]]), []), ['"plain"'])
  const unnamed = node(1, 'x', { kind: 'sink', guarantee: 'exactly-once', label: 'print' })
  const { uid: _, ...anonymous } = unnamed
  assert.deepEqual(sinksThatFindNothing(plan(1, [[anonymous]]), []), ['"print"'])
  const operator = node(1, 'x', { guarantee: 'exactly-once' })
  assert.deepEqual(sinksThatFindNothing(plan(1, [[operator]]), []), [], 'no sink')
})

test('going on from a foreign snapshot repeats output, unless it is a past of the job', () => {
  const asked = { acceptDuplicates: false }
  const foreign = link(9, [], { lineage: 'other', checkpointId: 5 })
  requireForeignOutput(foreign, [], asked)
  requireForeignOutput(foreign, [link(3, [LOOSE])], asked)
  const line = [link(3, [WITHDRAWS]), link(4, [PLAIN])]
  const both = refused('OUTPUT_MAY_REPEAT', ['withdraws', 'plain'], 5)
  assert.throws(() => requireForeignOutput(foreign, line, asked), both)
  requireForeignOutput(foreign, line, { acceptDuplicates: true })

  const past = link(4, [], { checkpointId: 4 })
  requireForeignOutput(past, [link(3, [PLAIN]), link(4, [PLAIN])], asked)
  requireForeignOutput(past, [link(4, [PLAIN]), link(5, [WITHDRAWS])], asked)
  const newer = refused('OUTPUT_MAY_REPEAT', ['plain'], 4)
  assert.throws(
    () => requireForeignOutput(past, [link(4, []), link(5, [PLAIN, WITHDRAWS])], asked),
    newer,
  )
})

test('what a rollback has taken back is missing from a checkpoint that was left behind', () => {
  const left = link(3, [WITHDRAWS])
  const accept = { acceptDuplicates: true }
  const back = (restores: number, lineage = 'a'): readonly ManifestLink[] => [
    fenceLink(1, 0, 1),
    link(2, [WITHDRAWS]),
    left,
    { ...fenceLink(4, restores, 2), lineage },
  ]
  assert.throws(
    () => requireOutputOf(left, back(2), accept),
    refused('OUTPUT_TAKEN_BACK', ['withdraws'], 3),
  )
  requireOutputOf(left, back(3), accept)
  requireOutputOf(left, back(2, 'b'), accept)
  requireOutputOf(left, [...back(3), link(5, [WITHDRAWS])], accept)
  const chosen = link(3, [PLAIN])
  requireOutputOf(chosen, [fenceLink(1, 0, 1), link(2, [PLAIN]), chosen], accept)
  requireOutputOf(chosen, back(2), accept)
})

test('a fence before the checkpoint took nothing of it back', () => {
  const chosen = link(4, [WITHDRAWS])
  const links = [fenceLink(1, 0, 1), link(2, [WITHDRAWS]), fenceLink(3, 2, 2), chosen]
  requireOutputOf(chosen, links, { acceptDuplicates: false })
})

test('output of the line that was gone on with would come again', () => {
  const chosen = link(2, [PLAIN])
  const other = (changes: Partial<CheckpointLink>, sinks: readonly PlanNode[]) => [
    fenceLink(1, 0, 1),
    chosen,
    fenceLink(3, 2, 2),
    link(4, sinks, { leaderEpoch: 2, ...changes }),
  ]
  const asked = { acceptDuplicates: false }
  const again = refused('OUTPUT_MAY_REPEAT', ['plain'], 2)
  assert.throws(() => requireOutputOf(chosen, other({}, [PLAIN, WITHDRAWS]), asked), again)
  requireOutputOf(chosen, other({}, [PLAIN]), { acceptDuplicates: true })
  requireOutputOf(chosen, other({}, [WITHDRAWS, LOOSE]), asked)
  const foreign = refused('OUTPUT_MAY_REPEAT', ['withdraws'], 2)
  assert.throws(() => requireOutputOf(chosen, other({ lineage: 'b' }, [WITHDRAWS]), asked), foreign)
})
