// The planted bugs: each fits the source of today, and a few are hunted at every run.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readEvidence } from '../../scripts/lib/evidence.ts'
import { PLANTED_PAGE, plantedPage } from '../../scripts/lib/planted-page.ts'
import { root } from '../../scripts/lib/process.ts'
import { planted } from '../../simulation/planted/bug.ts'
import { bugs } from '../../simulation/planted/catalogue.ts'
import { hunt } from '../../simulation/planted/hunt.ts'
import { classOf } from '../../simulation/planted/problem-class.ts'

/** A few seeds are enough for these. */
const CHEAP = [
  'complete-told-before-the-manifest',
  'watermark-overtakes-records',
  'file-not-synced',
  'name-given-before-the-chunks',
  'told-erased-before-the-vault',
]
const SEEDS_MAX = 40

describe('the planted bugs', () => {
  it('fit the source, each at one place', () => {
    for (const bug of bugs) {
      const source = readFileSync(join(root, bug.file), 'utf8')
      const changed = planted(source, bug)
      assert.notEqual(changed, source, bug.name)
      assert.doesNotThrow(() => stripTypeScriptTypes(changed), bug.name)
    }
  })

  it('are many, each of its own name', () => {
    assert.ok(bugs.length >= 48)
    assert.equal(new Set(bugs.map(({ name }) => name)).size, bugs.length)
  })

  it('are refused where their place is gone, or is there twice', () => {
    const bug = { name: 'a-bug', symptom: '', file: 'a.ts', find: 'one', replace: 'two' }
    assert.equal(planted('some one else', bug), 'some two else')
    assert.throws(() => planted('nobody', bug), /"a-bug": its text is 0 times in a\.ts, not once/)
    assert.throws(() => planted('one and one', bug), /2 times/)
  })

  for (const name of CHEAP) {
    it(`are found by the simulator: ${name}`, async () => {
      const { caught } = await hunt(name, { first: 1, last: SEEDS_MAX, mayGoOn: () => true })
      assert.ok(caught !== undefined, `not caught by ${SEEDS_MAX} seeds`)
    })
  }
})

describe('what catches planted bugs', () => {
  it('is told in words that are equal for equal kinds of violations', () => {
    const failures = [
      'sink-3 (multiset): 4 records instead of 5, different from 2 on\n  expected:',
      'sink-12 (multiset): 14 records instead of 15, different from 0 on\n  expected:',
    ]
    const expected = 'output differs from the oracle (multiset): records missing'
    assert.deepEqual(failures.map(classOf), [expected, expected])
    assert.equal(
      classOf('sim/checkpoints: chain/000000000012.manifest names runs/2-3/x, which is not there'),
      'storage: chain/… names runs/…, which is not there',
    )
  })

  it('is on the page as it was recorded', () => {
    const page = readFileSync(join(root, PLANTED_PAGE), 'utf8')
    assert.equal(page, plantedPage(readEvidence().get('planted-bugs')), 'run `npm run evidence`')
  })
})
