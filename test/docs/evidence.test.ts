// The page of evidence says what was recorded, and nothing else.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readEvidence, type RecordedEvidence } from '../../scripts/lib/evidence.ts'
import { evidencePage } from '../../scripts/lib/evidence-page.ts'
import { root } from '../../scripts/lib/process.ts'

const RECORD: RecordedEvidence = {
  title: 'A run',
  claim: 'It found nothing.',
  command: 'npm run it',
  isWell: false,
  figures: [
    ['rounds', 12_345],
    ['lines', 'a|b'],
  ],
  tables: [{ title: 'Kinds', columns: ['kind', 'count'], rows: [['one', 1]] }],
  elapsedSeconds: 59.6,
  commit: '0123456789',
  isChanged: true,
  day: '2026-01-02',
  machine: 'one machine',
}

describe('the page of evidence', () => {
  it('is what `npm run evidence` makes of the records', () => {
    const page = readFileSync(join(root, 'docs/evidence.md'), 'utf8')
    assert.equal(page, evidencePage(readEvidence()), 'run `npm run evidence`')
  })

  it('tells figures, commit, command, what did not hold and what is missing', () => {
    const page = evidencePage(new Map([['chaos', RECORD]]))
    assert.match(page, /\| A run \| 12,345 rounds, a\\\|b lines \| \*\*no\*\* \| `0123456789` \|/)
    assert.match(page, /`0123456789` with changes that were not committed, 2026-01-02, 60 s on one/)
    assert.match(page, /^ {4}npm run it$/m)
    assert.match(page, /<summary>Kinds: 1<\/summary>/)
    assert.match(page, /Not recorded yet: simulation, /)
  })
})
