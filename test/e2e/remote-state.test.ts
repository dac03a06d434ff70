// State that does not fit in memory, behind a helper thread, in real processes that are killed.
import { describe } from 'node:test'
import { killedWithState } from '../servers/remote-state-suite.ts'

describe('state beyond memory', () => killedWithState({}, 2))

describe('state in an object store', () => {
  killedWithState({ MILLRACE_TEST_STATE: 'beside' }, 2)
})
