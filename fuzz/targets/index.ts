// Every decoder of the engine as a fuzz target.
import type { FuzzTarget } from '../lib/target.ts'
import { entryTargets } from './entries.ts'
import { recordTargets } from './records.ts'
import { runningTargets } from './running.ts'
import { runTargets } from './runs.ts'
import { settingTargets } from './settings.ts'
import { stateTargets } from './state.ts'
import { storedTargets } from './stored.ts'
import { valueTargets } from './values.ts'

export const TARGETS: readonly FuzzTarget[] = [
  ...valueTargets,
  ...runTargets,
  ...entryTargets,
  ...storedTargets,
  ...runningTargets,
  ...recordTargets,
  ...settingTargets,
  ...stateTargets,
]
