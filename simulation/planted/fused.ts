/** Planted bugs of fused chains: what the function that is made of a chain does with a record. */
import type { PlantedBug } from './bug.ts'

const TEXT = 'src/runtime/fused-text.ts'

export const fusedBugs: readonly PlantedBug[] = [
  {
    name: 'fused-flat-map-loses-the-last',
    symptom: 'the last result of each call of a flatMap is missing',
    file: TEXT,
    find: 'index < ${result}.length; index++',
    replace: 'index < ${result}.length - 1; index++',
  },
  {
    name: 'fused-filter-keeps-all',
    symptom: 'a filter keeps what it should drop',
    file: TEXT,
    find: 'this.#block(`if (${result})`, () =>',
    replace: 'this.#block(`if (${result} !== undefined)`, () =>',
  },
  {
    name: 'fused-map-hands-on-its-input',
    symptom: 'what a map makes of a record is lost',
    file: TEXT,
    find: 'this.#step(next, { ...position, value: result })',
    replace: 'this.#step(next, position)',
  },
  {
    name: 'fused-chain-has-one-consumer',
    symptom: 'of two operators that read the same stream, one gets nothing',
    file: TEXT,
    find: 'step.steps.entries()) {',
    replace: 'step.steps.slice(0, 1).entries()) {',
  },
  {
    name: 'fused-timestamp-not-handed-on',
    symptom: 'records keep the time that they had before it was assigned',
    file: TEXT,
    find: '      this.#step(next, { ...position, timestamp: `timestamp${own}` })\n',
    replace: '      this.#step(next, position)\n',
  },
]
