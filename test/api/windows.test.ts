// What the API refuses about windows: by types where they can tell, else by a code.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type DataStream,
  deltaTrigger,
  eventTimeTrigger,
  globalWindow,
  job,
  listState,
  outputTag,
  sessionWindow,
  t,
  tumblingWindow,
  type Trigger,
  valueState,
  type WindowCount,
  type WindowElement,
} from 'millrace'
import { asJob } from '../../src/graph/job.ts'
import type { GraphNode, OperatorNode } from '../../src/graph/job-graph.ts'

const Click = t.struct({ page: t.string, user: t.string, gap: t.float64 })
interface Click {
  page: string
  user: string
  gap: number
}

const lateTag = outputTag('late', Click)
const noMerge = {
  createAccumulator: () => 0,
  add: (_: Click, n: number) => n + 1,
  getResult: Number,
}

function nodesOf(chain: (clicks: DataStream<Click>) => unknown): readonly GraphNode[] {
  const made = job('tested', (env) => void chain(env.fromElements('clicks', [], Click)))
  return asJob(made).streamGraph({}).nodes
}

function operatorOf(chain: (clicks: DataStream<Click>) => unknown): OperatorNode {
  const node = nodesOf(chain).find((each) => each.uid === 'w')
  assert.ok(node?.kind === 'operator')
  return node
}

const byPage = (clicks: DataStream<Click>) => clicks.keyBy((click) => click.page, t.string)
const minutes = (clicks: DataStream<Click>) => byPage(clicks).window(tumblingWindow('1 min'))
const sessions = (clicks: DataStream<Click>) => byPage(clicks).window(sessionWindow('30 min'))
/** A value as JavaScript may give it. */
const anything = (value: unknown) => value as never

describe('a windowed stream', () => {
  it('declares state, timers and types of its operator', () => {
    const count = operatorOf((clicks) => minutes(clicks).count('w'))
    assert.deepEqual(Object.keys(count.states), ['window-contents'])
    assert.ok(count.usesTimers)
    assert.equal(count.outputType.schema.kind, 'struct')
    assert.equal(count.operation, 'count')
    const reduce = operatorOf((clicks) => sessions(clicks).reduce('w', (a) => a))
    assert.deepEqual(Object.keys(reduce.states), ['session-windows', 'session-contents'])
    assert.equal(reduce.outputType, Click)
    const made = operatorOf((clicks) => minutes(clicks).reduce('w', (a) => a, String))
    assert.equal(made.outputType.schema.kind, 'dynamic')
  })

  it('does not change: each choice gives another', () => {
    const nodes = nodesOf((clicks) => {
      const plain = minutes(clicks)
      plain.sideOutputLateData(lateTag).count('with')
      plain.count('without')
    })
    const sides = nodes.flatMap((node) =>
      node.kind === 'operator' ? [[...node.sideOutputs.keys()]] : [],
    )
    assert.deepEqual(sides, [['late'], []])
  })

  it('has results of the right types', () => {
    nodesOf((clicks) => {
      const counts: DataStream<WindowCount<string>> = minutes(clicks).count('a')
      const texts: DataStream<string> = minutes(clicks).count('b', (n, { key }) => key + n)
      const reduced: DataStream<Click> = sessions(clicks).reduce('c', (a) => a)
      const dynamic = byPage(clicks).window(sessionWindow((click) => click.gap))
      const numbers: DataStream<number> = dynamic.process('d', {
        output: t.float64,
        process: (key, window, values, out) => {
          out.collect(window.end - window.start + key.length + (values[0]?.gap ?? 0))
        },
      })
      const late: DataStream<Click> = counts.sideOutput(lateTag)
      return [texts, reduced, numbers, late]
    })
  })

  it('refuses by its types what cannot be', () => {
    const never = (): void => {
      nodesOf((clicks) => {
        // @ts-expect-error a session window needs merge()
        sessions(clicks).aggregate('a', noMerge)
        const fixed: Trigger<Click> = anything(eventTimeTrigger())
        // @ts-expect-error … and a trigger that can merge
        sessions(clicks).trigger(fixed)
        // @ts-expect-error functions are synchronous
        minutes(clicks).reduce('b', async (a) => a)
        // @ts-expect-error also those that emit
        minutes(clicks).count('c', async (n) => n)
        // @ts-expect-error late data are of the type of the stream
        minutes(clicks).sideOutputLateData(outputTag('text', t.string))
        // @ts-expect-error no distance is kept when sessions merge
        sessions(clicks).trigger(deltaTrigger(1, (a: Click, b) => a.gap - b.gap))
        // @ts-expect-error an evictor sees records of the stream
        minutes(clicks).evictor({ before: (all: readonly WindowElement<number>[]) => all })
        const perWindow = { windowState: { n: valueState(t.int32) }, process: () => undefined }
        minutes(clicks).reduce('p', (a) => a, perWindow)
        // @ts-expect-error state of a window cannot be merged
        sessions(clicks).reduce('q', (a) => a, perWindow)
        // @ts-expect-error the key of all records is 'all'
        clicks.windowAll(tumblingWindow(1)).count('r', (n, { key }) => n + (key as 1))
        // @ts-expect-error a uid is required
        minutes(clicks).count()
        minutes(clicks).process('d', {
          // @ts-expect-error state per window is of values
          windowState: { all: listState(t.string) },
          process: () => undefined,
        })
      })
    }
    assert.equal(typeof never, 'function')
  })
})

describe('a mistake with windows', () => {
  const mistakes: readonly (readonly [string, (clicks: DataStream<Click>) => unknown, RegExp])[] = [
    ['no assigner', (c) => byPage(c).window(anything({})), /^window \(.*\) got something/],
    [
      'a session without merge',
      (c) => sessions(c).aggregate('w', anything(noMerge)),
      /^aggregate "w" \(.*windows\.test\.ts.*\) needs a merge function, for sessions merge/,
    ],
    [
      'a trigger that cannot merge',
      (c) => sessions(c).trigger(anything({ ...eventTimeTrigger(), onMerge: undefined })),
      /^trigger \(.*\) has no onMerge/,
    ],
    [
      'a trigger whose state cannot merge',
      (c) => sessions(c).trigger(anything({ ...eventTimeTrigger(), state: t.string })),
      /no mergeState/,
    ],
    ['no trigger', (c) => minutes(c).trigger(anything(3)), /needs a trigger with onElement/],
    [
      'a global window without trigger',
      (c) => byPage(c).window(globalWindow()).count('w'),
      /never/,
    ],
    ['no tag', (c) => minutes(c).sideOutputLateData(anything('late')), /got no tag/],
    ['no function', (c) => minutes(c).reduce('w', anything(1)), /^reduce "w" .* needs a function/],
    ['nothing to emit with', (c) => minutes(c).count('w', anything(1)), /a function to emit with/],
    ['no process', (c) => minutes(c).process('w', anything({})), /needs a process function/],
    [
      'a state with a name of the engine',
      (c) =>
        minutes(c).process('w', {
          state: { 'window-contents': valueState() },
          process: () => undefined,
        }),
      /the name of state "window-contents" is taken/,
    ],
    [
      'window state that is no value',
      (c) =>
        minutes(c).process('w', {
          windowState: anything({ all: listState() }),
          process: () => undefined,
        }),
      /window state "all" is no value state/,
    ],
    [
      'window state of sessions',
      (c) =>
        sessions(c).process(
          'w',
          anything({ windowState: { a: valueState() }, process: () => undefined }),
        ),
      /which windows that merge cannot have/,
    ],
    [
      'two side outputs of one name',
      (c) =>
        minutes(c)
          .sideOutputLateData(lateTag)
          .process('w', { sideOutputs: [lateTag], process: () => undefined }),
      /two side outputs "late"/,
    ],
  ]
  for (const [what, chain, said] of mistakes) {
    it(`is refused: ${what}`, () => {
      assert.throws(() => nodesOf(chain), { code: 'JOB_GRAPH_INVALID', message: said })
    })
  }

  it('is refused: a lateness that is none', () => {
    assert.throws(() => nodesOf((clicks) => minutes(clicks).allowedLateness(-1)), {
      code: 'CONFIG_INVALID',
    })
  })

  const later = async () => undefined
  const asynchronous: readonly (readonly [string, (clicks: DataStream<Click>) => unknown])[] = [
    ['reduce', (c) => minutes(c).reduce('w', anything(later))],
    ['emit', (c) => minutes(c).count('w', anything(later))],
    ['aggregate', (c) => minutes(c).aggregate('w', { ...noMerge, add: anything(later) })],
    ['merge', (c) => sessions(c).aggregate('w', { ...noMerge, merge: anything(later) })],
    ['process', (c) => minutes(c).process('w', { process: anything(later) })],
    ['a trigger', (c) => minutes(c).trigger({ ...eventTimeTrigger(), clear: anything(later) })],
  ]
  for (const [what, chain] of asynchronous) {
    it(`is refused: an asynchronous function in ${what}`, () => {
      assert.throws(() => nodesOf(chain), { code: 'JOB_ASYNC_FUNCTION' })
    })
  }
})
