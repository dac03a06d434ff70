/** Planted bugs of what lies in HBase: rows that seem to be missing, keys out of order. */
import type { PlantedBug } from './bug.ts'

export const regionBugs: readonly PlantedBug[] = [
  {
    name: 'row-of-an-unread-region-taken-for-missing',
    symptom: 'state that has left memory begins anew while a region of HBase cannot be read',
    file: 'src/storage/hbase/requests.ts',
    find: '    if (found.length === rows.length) return found\n',
    replace: '    return found\n',
  },
  {
    name: 'keys-in-the-order-of-base64',
    symptom: 'maps that have left memory are iterated in another order, or not to their end',
    file: 'src/state/hbase/rows.ts',
    find: "const ORDERED = BASE64.split('').toSorted().join('')\n",
    replace: 'const ORDERED = BASE64\n',
  },
]
