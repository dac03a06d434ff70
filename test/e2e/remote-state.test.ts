// State that does not fit in memory, behind a helper thread, in real processes that are killed.
import { describe } from 'node:test'
import { killedWithState } from '../servers/remote-state-suite.ts'

describe('state beyond memory', () => killedWithState({}, 2))
