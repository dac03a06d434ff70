// Every query of the Nexmark example, on each backend and at parallelism 1 and 2, over generated
// events from a file that is read in several parts: their rows are those of the plain evaluation.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jobHarness } from 'millrace/testing'
import { readArguments, UsageError } from '../../examples/nexmark/arguments.ts'
import { formatEvent, parseEvent, thousandths } from '../../examples/nexmark/format.ts'
import { generatorDefaults, nexmarkEvent } from '../../examples/nexmark/generator.ts'
import job from '../../examples/nexmark/job.ts'
import type { Event } from '../../examples/nexmark/model.ts'
import { plainEvaluation } from '../../examples/nexmark/plain/evaluate.ts'
import { queries } from '../../examples/nexmark/queries.ts'
import { gatherRows, sortedRows } from '../../examples/nexmark/rows.ts'
import { writeEvents } from '../../examples/nexmark/write-events.ts'
import { backends, finish, temporaryFolder } from './helpers.ts'

const count = 2_000
// Slow enough for two windows of ten seconds and many ends of slides, with equal times in between.
const options = { ...generatorDefaults, eventsPerSecond: 150 }

const folder = await temporaryFolder()
const input = join(folder, 'events.txt')
await writeEvents(input, count, options)
const evaluate = plainEvaluation(await readFile(input, 'utf8'))

describe('the generator', () => {
  const events = Array.from({ length: 20_000 }, (_, index) => nexmarkEvent(index, options))

  it('makes people, auctions and bids as 1 : 3 : 46', () => {
    const counts = Map.groupBy(events, ({ kind }) => kind)
    assert.equal(counts.get('person')?.length, 400)
    assert.equal(counts.get('auction')?.length, 1_200)
    assert.equal(counts.get('bid')?.length, 18_400)
  })

  it('sends half of the bids to hot auctions and three quarters by hot bidders', () => {
    const bids = events.slice(5_000).filter((event) => event.kind === 'bid')
    const share = (isHot: (bid: (typeof bids)[number]) => boolean): number =>
      bids.filter(isHot).length / bids.length
    assert.ok(Math.abs(share(({ auction }) => auction % 100 === 0) - 0.5) < 0.03)
    assert.ok(Math.abs(share(({ bidder }) => bidder % 100 === 1) - 0.75) < 0.03)
    const dear = share(({ price }) => price >= 1_000_000)
    assert.ok(Math.abs(dear - 1 / 3) < 0.02, `${dear} cost a million or more`)
  })

  it('makes the same event of a number each time, in the order of time', () => {
    assert.deepEqual(nexmarkEvent(17_123, options), events[17_123])
    assert.notDeepEqual(nexmarkEvent(17_123, { ...options, seed: 2 }), events[17_123])
    const times = events.map(({ time }) => time)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
  })

  it('makes events that read back from their lines', () => {
    for (const event of events.slice(0, 500)) {
      assert.deepEqual(parseEvent(formatEvent(event), event.position), event)
    }
  })
})

describe('the format', () => {
  it('refuses what is no event and says where', () => {
    assert.throws(() => parseEvent('B|1|2', 77), /position 77: B has 8 fields: B\|1\|2/)
    assert.throws(() => parseEvent('X', 0), /begins with P, A or B/)
    assert.throws(() => parseEvent('B|1|2|3.5|c|u|4|', 0), /"3.5" is no whole number/)
  })

  it('writes thousandths with three digits', () => {
    const texts = [0, 7, 908, 325_064, -7].map(thousandths)
    assert.deepEqual(texts, ['0.000', '0.007', '0.908', '325.064', '-0.007'])
  })
})

describe('the command line', () => {
  it('takes a query with its input and output, and refuses what makes no sense', () => {
    const given = readArguments([
      '--query',
      'q5',
      '--input',
      'e',
      '--output',
      'r',
      '--parallelism=2',
    ])
    assert.deepEqual([given.queries, given.input, given.output], [['q5'], 'e', 'r'])
    assert.deepEqual([given.parallelism, given.backend], [2, 'hashmap'])
    for (const line of [
      '',
      '--query q5',
      '--query q10 --output r',
      '--check --events 0',
      '--what',
    ]) {
      assert.throws(() => readArguments(line.split(' ').filter(Boolean)), UsageError, line)
    }
  })
})

describe('the rows', () => {
  it('are sorted by bytes, not by the order of UTF-16', () => {
    assert.equal(sortedRows(['\u{1F600}', '\uFFFD', 'b', 'a']), 'a\nb\n\uFFFD\n\u{1F600}\n')
  })
})

describe('the queries', () => {
  const names = [...queries.keys()]

  // All in one job: starting one for each would take most of the time.
  for (const backend of backends) {
    for (const parallelism of [1, 2]) {
      it(`give the rows of the plain evaluation on ${backend} × ${parallelism}`, async () => {
        const output = join(folder, `${backend}-${parallelism}`)
        const params = { query: names.join(), input, output, splitBytes: 100_000 }
        const options = { params, directory: output, backend, parallelism }
        const status = await finish('nexmark', options)
        for (const name of names) {
          const expected = sortedRows(evaluate(name))
          assert.equal(await gatherRows(join(output, name)), expected, name)
        }
        assert.equal(status.recordsIn, count)
        assert.equal(status.lateRecords, 0)
      })
    }
  }

  it('give the same when the job is killed, and goes on with other workers', async () => {
    const params = { query: names.join(), output: 'rows', events: 0 }
    await using harness = await jobHarness(job, { params, parallelism: 1 })
    const source = harness.source<Event>('events')
    const events = Array.from({ length: count }, (_, index) => nexmarkEvent(index, options))
    await source.send(...events.slice(0, 700))
    await harness.checkpoint()
    await source.send(...events.slice(700, 1_100))
    await harness.crash()
    await source.send(...events.slice(1_100, 1_500))
    await harness.rescale(2)
    await source.send(...events.slice(1_500))
    await harness.finish()
    for (const name of names) {
      const rows = harness.output(`${name}-rows`).map(String)
      assert.equal(sortedRows(rows), sortedRows(evaluate(name)), name)
    }
  })

  it('give byte for byte the rows of Flink SQL, also at the edges', async () => {
    // Bids at both ends of windows and auctions, before their auction, in one millisecond, at equal
    // prices; sessions just joined and just apart; empty fields, and urls without folders.
    const fixtures = new URL('../fixtures/nexmark/', import.meta.url)
    const rows = (await readFile(new URL('rows-of-flink.txt', fixtures), 'utf8')).split('\n')
    const expected = Map.groupBy(rows.slice(0, -1), (line) => line.slice(0, line.indexOf(' ')))
    assert.equal(expected.size, 17)
    const output = join(folder, 'edges')
    const edges = fileURLToPath(new URL('events.txt', fixtures))
    const params = { query: names.join(), input: edges, output, splitBytes: 500 }
    await finish('nexmark', { params, directory: output, backend: 'hashmap', parallelism: 2 })
    for (const [name, its] of expected) {
      const wanted = its.map((line) => `${line.slice(name.length + 1)}\n`).join('')
      assert.equal(await gatherRows(join(output, name)), wanted, name)
    }
    const evaluateEdges = plainEvaluation(await readFile(edges, 'utf8'))
    for (const name of names) {
      assert.equal(await gatherRows(join(output, name)), sortedRows(evaluateEdges(name)), name)
    }
  })

  it('fail at once for a file that is not there, and for a line that is no event', async () => {
    const output = join(folder, 'bad')
    const bad = join(folder, 'bad.txt')
    await writeFile(bad, 'B|1|2|3|channel|url|4|\nB|1|2\n')
    const given = { directory: output, backend: 'hashmap' } as const
    const missing = { query: 'q0', input: join(folder, 'none.txt'), output }
    const malformed = { ...missing, input: bad }
    await assert.rejects(finish('nexmark', { ...given, params: missing }), {
      code: 'CONNECTOR_INPUT_MISSING',
    })
    await assert.rejects(finish('nexmark', { ...given, params: malformed, fresh: true }), {
      code: 'CONNECTOR_MALFORMED_RECORD',
      message: /position 23: B has 8 fields/,
    })
  })

  it('may read from the generator itself', async () => {
    const output = join(folder, 'generated')
    const params = { query: 'q5', output, events: count, rate: options.eventsPerSecond }
    await finish('nexmark', { params, directory: output })
    assert.equal(await gatherRows(join(output, 'q5')), sortedRows(evaluate('q5')))
  })
})
