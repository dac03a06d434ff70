// Stryker's plugins, loaded by it in each of its processes: the runner that keeps the tests warm,
// the filter that makes a random sample of the mutants, and what is left out of the mutation.
import { messages } from './messages.ts'
import { HotRunner } from './runner.ts'
import { Sampler } from './sample.ts'

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'hot', injectableClass: HotRunner },
  { kind: 'Checker', name: 'sample', injectableClass: Sampler },
  { kind: 'Ignore', name: 'messages', value: messages },
]

/** Our part of Stryker's options. */
export const strykerValidationSchema = { properties: { millrace: { type: 'object' } } }
