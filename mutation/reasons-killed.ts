// Survivors of a run that a test kills: one that came since, or that the run did not get to. Each
// was tried by hand: with the mutation the test fails. They count as survivors all the same.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const COVER = 'test/checkpoint/link-signature.test.ts, a right signature says nothing of a run'

const checkpointRows: readonly Row[] = [
  ['link-signature', 'CallExpression', 'requireHashes(store, link)', ';', COVER],
  ['link-signature', 'ObjectLiteral', '{ name: bare.name }', '{}', COVER],
]

export const killedReasons: readonly Reason[] = [
  ...reasonsOf('src/checkpoint', checkpointRows, 'killed'),
]
