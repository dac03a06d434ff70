// What must and what must not compile of asynchronous calls and event time: checked by the
// compiler, never run.
import { describe, it } from 'node:test'
import { type DataStream, type EventTime, t } from 'millrace'

/** Compiles only if both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
type ElementOf<S> = S extends DataStream<infer T> ? T : never

/** Holds code that is compiled and not run. */
function compiles(_code: (lines: DataStream<string>) => void): void {}
declare function lengthOf(line: string, signal: AbortSignal): Promise<number>
declare function nameOf(length: number): Promise<string | undefined>

describe('the types of asynchronous calls', () => {
  it('infer what calls give', () => {
    compiles((lines) => {
      const lengths = lines.asyncMap('length', { timeout: '1 s' }, lengthOf)
      same<ElementOf<typeof lengths>, number>(true)
      const words = lines.asyncFlatMap('words', { timeout: 1 }, async (line) => line.split(' '))
      same<ElementOf<typeof words>, string>(true)
      const stood = lines.asyncMap(
        'stand-in',
        {
          timeout: '1 s',
          ordered: false,
          retry: { attempts: 3, backoff: '1 s', retryResultIf: (length) => length < 0 },
          onTimeout: (line) => line.length,
          onError: (line, _error) => -line.length,
          output: t.float64,
        },
        lengthOf,
      )
      same<ElementOf<typeof stood>, number>(true)
    })
  })

  it('refuse what makes no sense', () => {
    compiles((lines) => {
      // @ts-expect-error without an end a lost call would hold up the job for ever
      lines.asyncMap('length', {}, lengthOf)
      // @ts-expect-error calls are in checkpoints, under a name
      lines.asyncMap({ timeout: '1 s' }, lengthOf)
      // @ts-expect-error a unit that does not exist
      lines.asyncMap('length', { timeout: '1 sec' }, lengthOf)
      // @ts-expect-error a number is no list of results
      lines.asyncFlatMap('length', { timeout: '1 s' }, lengthOf)
      // @ts-expect-error the stand-in is of another type
      lines.asyncMap('length', { timeout: '1 s', onTimeout: () => 'none' }, lengthOf)
      // @ts-expect-error the stand-in is synchronous
      lines.asyncMap('length', { timeout: '1 s', onTimeout: async () => 1 }, lengthOf)
    })
  })

  it('say which rows a join may lack', () => {
    compiles((lines) => {
      const options = {
        timeout: '1 s',
        key: (line: string) => line.length,
        lookup: nameOf,
      } as const
      const inner = lines.lookupJoin('inner', {
        ...options,
        kind: 'inner',
        join: (line, name) => ({ line, letters: name.length }),
      })
      same<ElementOf<typeof inner>, { line: string; letters: number }>(true)
      const left = lines.lookupJoin('left', {
        ...options,
        kind: 'left',
        join: (_line, name) => name?.length,
      })
      same<ElementOf<typeof left>, number | undefined>(true)
      // @ts-expect-error a left join has records without row
      lines.lookupJoin('bad', { ...options, kind: 'left', join: (_line, name) => name.length })
      // @ts-expect-error the join is synchronous
      lines.lookupJoin('bad', { ...options, kind: 'inner', join: async (line) => line })
      // @ts-expect-error there is no right join with the outside world
      lines.lookupJoin('bad', { ...options, kind: 'right', join: (line) => line })
    })
  })
})

describe('the types of event time', () => {
  it('take a bound or a generator, not both', () => {
    const timestamp = (line: string) => line.length
    const generator = () => ({ onRecord: (_line: string) => undefined, current: () => 0 })
    const bounded: EventTime<string> = { timestamp, maxOutOfOrderness: '1 s', idleness: '1 min' }
    const generated: EventTime<string> = { timestamp, watermarks: generator }
    // @ts-expect-error one or the other
    const both: EventTime<string> = { timestamp, watermarks: generator, maxOutOfOrderness: 1 }
    // @ts-expect-error without a time there is no event time
    const none: EventTime<string> = { maxOutOfOrderness: 1 }
    compiles((lines) => {
      const same: DataStream<string> = lines.assignTimestamps('time', { timestamp })
      // @ts-expect-error only sources know their splits
      lines.assignTimestamps('time', { timestamp, idleness: '1 min' })
      // @ts-expect-error milliseconds, not a date
      lines.assignTimestamps('time', { timestamp: () => new Date() })
      return same
    })
    void [bounded, generated, both, none]
  })
})
