/** All planted bugs, by area. */
import { barrierBugs } from './barriers.ts'
import type { PlantedBug } from './bug.ts'
import { checkpointBugs } from './checkpoint.ts'
import { chunkBugs } from './chunks.ts'
import { connectorBugs } from './connectors.ts'
import { encryptionBugs } from './encryption.ts'
import { erasureBugs } from './erasures.ts'
import { failureBugs } from './failures.ts'
import { fusedBugs } from './fused.ts'
import { leadershipBugs } from './leadership.ts'
import { operatorBugs } from './operators.ts'
import { regionBugs } from './regions.ts'
import { remoteBugs } from './remote.ts'
import { rowBugs } from './rows.ts'
import { runBugs } from './runs.ts'
import { segmentBugs } from './segments.ts'
import { stateBugs } from './state.ts'
import { storageBugs } from './storage.ts'
import { timeBugs } from './timers.ts'

export interface BugArea {
  /** Heading of the table. */
  readonly title: string
  readonly bugs: readonly PlantedBug[]
}

export const areas: readonly BugArea[] = [
  { title: 'Checkpoint protocol', bugs: checkpointBugs },
  { title: 'Barriers and what is in flight', bugs: barrierBugs },
  { title: 'Files', bugs: storageBugs },
  { title: 'Files in chunks on servers', bugs: chunkBugs },
  { title: 'Encryption', bugs: encryptionBugs },
  { title: 'Erasing', bugs: erasureBugs },
  { title: 'State in memory and below', bugs: stateBugs },
  { title: 'Rows in memory, batches of records', bugs: rowBugs },
  { title: 'State on servers', bugs: remoteBugs },
  { title: 'State in segments', bugs: segmentBugs },
  { title: 'State and files in HBase', bugs: regionBugs },
  { title: 'Runs, key groups and types', bugs: runBugs },
  { title: 'Timers, watermarks, time to live', bugs: timeBugs },
  { title: 'Sources and sinks', bugs: connectorBugs },
  { title: 'Operators', bugs: operatorBugs },
  { title: 'Fused chains', bugs: fusedBugs },
  { title: 'Error policies', bugs: failureBugs },
  { title: 'Leadership, collection, imports, regions', bugs: leadershipBugs },
]

export const bugs: readonly PlantedBug[] = areas.flatMap((area) => area.bugs)
