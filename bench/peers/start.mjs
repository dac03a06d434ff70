// The same with RxJS.
import { writeSync } from 'node:fs'
import { from, groupBy, map, mergeMap, scan } from 'rxjs'

from('to be or not to be that is the question'.split(' '))
  .pipe(
    groupBy((word) => word),
    mergeMap((group) =>
      group.pipe(
        scan((count) => count + 1, 0),
        map((count) => `${group.key} ${count}\n`),
      ),
    ),
  )
  .subscribe((line) => writeSync(1, line))
