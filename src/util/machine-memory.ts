/** How much memory there is. */
import { totalmem } from 'node:os'

/** Memory of the container if it is limited, else of the machine. */
export function machineMemoryBytes(): number {
  const total = totalmem()
  // Without a limit this is 0 or near 2^64, depending on the version of control groups.
  const limit = process.constrainedMemory()
  return limit > 0 && limit < total ? limit : total
}
