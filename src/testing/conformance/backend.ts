/**
 * What every state backend must do, as tests: authors of backends run them against theirs. Each
 * test opens backends of its own, of one operator with all kinds of state and timers.
 *
 * @example
 * import { test } from 'node:test'
 * backendSuite({ test, name: 'my backend', choose: () => myBackend(), evicts: false })
 */
import { type Define, kindTests, misuseTests, valueTests } from './backend-kinds.ts'
import { cutTests, fateTests } from './backend-cuts.ts'
import { expiryTests } from './backend-expiry.ts'
import { largeTests } from './backend-large.ts'
import { memoryTests } from './backend-memory.ts'
import { orderedTests } from './backend-ordered.ts'
import { snapshotTests } from './backend-snapshots.ts'
import { timerTests } from './backend-timers.ts'
import { type BackendSuite, World } from './backend-world.ts'

export type { BackendSuite } from './backend-world.ts'

/** Defines the tests of the suite. */
export function backendSuite(suite: BackendSuite): void {
  const define: Define = (title, body) =>
    suite.test(`${suite.name}: ${title}`, async () => {
      const world = await World.open(suite)
      try {
        await body(world)
      } finally {
        await world.close()
      }
    })
  kindTests(define)
  orderedTests(define, suite)
  valueTests(define)
  misuseTests(define, suite)
  cutTests(define, suite)
  fateTests(define, suite)
  largeTests(define, suite)
  snapshotTests(define, suite)
  timerTests(define, suite)
  memoryTests(suite)
  expiryTests(suite)
}
