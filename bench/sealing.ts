/**
 * What does `shredBy` cost for each entry? Small entries of a thousand subjects, each of another
 * one than the entry before: sealed, and opened again; and the key of a subject that is not
 * remembered. Processor time of the thread, so that a busy machine can measure it.
 */
import { RememberedKeys } from '../src/encryption/subjects/remembered-keys.ts'
import { Vault } from '../src/encryption/subjects/vault.ts'
import type { Entry } from '../src/state/backend.ts'
import { beginRowKey, endScalarRowKey } from '../src/state/runs/entry.ts'
import { beginField, endField, writeHeader } from '../src/state/runs/entry-value.ts'
import { EntrySeal } from '../src/state/sealed/entry-seal.ts'
import { type ShreddedOperator, subjectBytes } from '../src/state/sealed/subject.ts'
import { writeKey } from '../src/types/keys.ts'
import { ByteWriter } from '../src/util/bytes.ts'
import { systemEntropy } from '../src/util/random.ts'
import { benchmark, type Measures } from './lib.ts'

const SUBJECTS = 1_000
const ENTRIES = 50_000
const WARM_UPS = 2

const operator: ShreddedOperator = { uid: 'bench', subjectOf: (key) => Number(key) % SUBJECTS }

function entryOf(index: number): Entry {
  const [key, value] = [new ByteWriter(), new ByteWriter()]
  beginRowKey(key, 5, 1)
  writeKey(index, key)
  endScalarRowKey(key)
  writeHeader(value, 0, 0)
  const start = beginField(value, 1)
  value.float64LE(index * 1.1)
  endField(value, start)
  return { key: key.copy(), value: value.copy() }
}

/** Microseconds for each of so many. */
function microseconds(count: number, action: () => void): number {
  const before = process.threadCpuUsage()
  action()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / count
}

async function measure(): Promise<Measures> {
  const plain = Array.from({ length: ENTRIES }, (_, index) => entryOf(index))
  const vault = Vault.create(systemEntropy)
  const tags = Array.from({ length: SUBJECTS }, (_, subject) => {
    return vault.tagOf(subjectBytes(subject, operator.uid))
  })
  let measured: Measures = {}
  for (let time = 0; time <= WARM_UPS; time++) {
    const keys = new RememberedKeys(vault)
    const keyUs = microseconds(SUBJECTS, () => tags.forEach((tag) => keys.keyOf(tag)))
    const seal = new EntrySeal(keys)
    let sealed: readonly Entry[] = []
    const sealUs = microseconds(ENTRIES, () => {
      sealed = plain.map((entry) => seal.seal(entry, operator))
    })
    const openUs = microseconds(ENTRIES, () => sealed.forEach((entry) => seal.open(entry)))
    measured = { keyUs, sealUs, openUs }
  }
  return measured
}

await benchmark({
  contenders: { sealed: measure },
  figures: (rounds) => [
    { name: 'key of a subject, made', values: rounds.values('sealed', 'keyUs'), unit: 'µs' },
    { name: 'entry, sealed', values: rounds.values('sealed', 'sealUs'), unit: 'µs' },
    { name: 'entry, opened', values: rounds.values('sealed', 'openUs'), unit: 'µs' },
  ],
})
