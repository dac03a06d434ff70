// Every decoder of the engine as a fuzz target.
import type { FuzzTarget } from '../lib/target.ts'
import { entryTargets } from './entries.ts'
import { runTargets } from './runs.ts'
import { valueTargets } from './values.ts'

export const TARGETS: readonly FuzzTarget[] = [...valueTargets, ...runTargets, ...entryTargets]
