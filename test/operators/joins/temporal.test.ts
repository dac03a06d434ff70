// The temporal join: which version is valid for a fact, when facts go out, what is dropped.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, outputTag, t, type TemporalJoined, type TemporalJoinOptions } from 'millrace'
import { backends, randomFor } from '../windows/harness.ts'
import { feed, type Item, joinHarness, type JoinHarness, pair, shown, UID } from './harness.ts'

const Item = t.struct({ name: t.string, at: t.float64 })
const lateFacts = outputTag('late-facts', Item)
const lateVersions = outputTag('late-versions', Item)

/** Versions at odd times say that there is none. */
const deleting: TemporalJoinOptions<Item> = { isDeleted: ({ at }) => at % 2 !== 0 }

function open(
  kind: 'inner' | 'leftOuter',
  { isDeleted, ...options }: TemporalJoinOptions<Item> & Parameters<typeof joinHarness>[1] = {},
): Promise<JoinHarness<string>> {
  return joinHarness((facts, versions) => {
    const join = facts.temporalJoin(versions, isDeleted === undefined ? {} : { isDeleted })
    // The two kinds differ only in that the version may be missing.
    const joined: TemporalJoined<string, Item, Item | undefined, Item> = join[kind]()
    return joined
      .sideOutputLateData({ left: lateFacts, right: lateVersions })
      .process(UID, (fact, version) => pair(fact, version))
  }, options)
}

describe('the temporal join', () => {
  it('gives each fact the newest version that is not younger, once time has come', async () => {
    await using harness = await open('leftOuter')
    feed(harness, 'r20 l5 l10 r10 l15 l20 l25 r-3 l-5')
    assert.deepEqual(harness.output, [])
    feed(harness, 'w14')
    assert.deepEqual(shown(harness), ['l-5+-@-5', 'l5+r-3@5', 'l10+r10@10'])
    feed(harness, 'w20 r21 w100')
    assert.deepEqual(shown(harness).slice(3), ['l15+r10@15', 'l20+r20@20', 'l25+r21@25'])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('leaves facts without a version out, unless it is outer', async () => {
    await using harness = await open('inner')
    feed(harness, 'l1 r2 l2 w1000')
    assert.deepEqual(shown(harness), ['l2+r2@2'])
  })

  it('emits facts of equal times in order of arrival', async () => {
    await using harness = await joinHarness((facts, versions) =>
      facts.temporalJoin(versions).process(UID, (fact, version, ctx) => {
        return `${fact.name} ${version.name} ${ctx.key} ${ctx.timestamp} ${ctx.versionTimestamp}`
      }),
    )
    harness.processElement1('k', { name: 'a', at: 5 }, 5)
    harness.processElement1('k', { name: 'b', at: 5 }, 5)
    feed(harness, 'r3')
    harness.processElement1('k', { name: 'c', at: 5 }, 5)
    feed(harness, 'w5')
    assert.deepEqual(harness.output, ['a r3 k 5 3', 'b r3 k 5 3', 'c r3 k 5 3'])
  })

  it('replaces a version by a later one of the same time', async () => {
    await using harness = await open('inner')
    harness.processElement2('k', { name: 'old', at: 3 }, 3)
    harness.processElement2('k', { name: 'new', at: 3 }, 3)
    feed(harness, 'l4 w4')
    assert.deepEqual(harness.output, ['l4+new'])
  })

  it('keeps only the newest of the versions that time has passed', async () => {
    await using harness = await open('leftOuter')
    feed(harness, 'r2 r4 r6 r8 w7')
    const versions = () => {
      // The state of the operator is not typed here.
      const state = harness.state('k') as Record<string, { keys(): Iterable<number> }>
      return [...(state['join-versions']?.keys() ?? [])]
    }
    assert.deepEqual(versions(), [6, 8])
    feed(harness, 'l7 l8 w8')
    assert.deepEqual(versions(), [8])
    feed(harness, 'l9 w1000')
    assert.deepEqual(versions(), [8])
    assert.equal(harness.output.at(-1), 'l9+r8')
  })

  it('knows versions that say that there is none, and forgets them', async () => {
    await using harness = await open('leftOuter', deleting)
    feed(harness, 'r2 r5 l3 l6 r8 l9 l10 r11 w4')
    assert.deepEqual(harness.output, ['l3+r2'])
    feed(harness, 'l12 w20')
    assert.deepEqual(harness.output.slice(1), ['l6+-', 'l9+r8', 'l10+r8', 'l12+-'])
    assert.deepEqual(harness.keys(), [])
    await using inner = await open('inner', deleting)
    feed(inner, 'r2 r5 l3 l6 w20')
    assert.deepEqual(inner.output, ['l3+r2'])
  })

  it('counts late records; a late version holds for facts to come', async () => {
    await using harness = await open('leftOuter')
    feed(harness, 'w10 l10 l9 r10 l11 w11')
    assert.deepEqual(shown(harness), ['l11+r10@11'])
    feed(harness, 'r8 l12 r20 r15 w16 l17 r12 w17')
    assert.deepEqual(shown(harness).slice(1), ['l12+r10@12', 'l17+r15@17'])
    const names = (items: readonly Item[]) => items.map(({ name }) => name)
    assert.deepEqual(names(harness.sideOutput(lateFacts)), ['l10', 'l9'])
    assert.deepEqual(names(harness.sideOutput(lateVersions)), ['r10', 'r8', 'r12'])
    feed(harness, 'l18 l21 w21')
    assert.deepEqual(shown(harness).slice(3), ['l18+r15@18', 'l21+r20@21'])
  })

  it('waits for the side that is behind', async () => {
    await using harness = await open('inner')
    feed(harness, 'r1 l5')
    harness.processWatermark1(1_000)
    assert.deepEqual(harness.output, [])
    feed(harness, 'r4')
    harness.processWatermark2(5)
    assert.deepEqual(harness.output, ['l5+r4'])
  })

  it('refuses an isDeleted that is no function, and records without time', async () => {
    const build = () =>
      job('bad', (env) => {
        const keyed = env.fromElements('in', ['a']).keyBy((text) => text)
        keyed.temporalJoin(keyed, { isDeleted: true as never })
      }).streamGraph({})
    assert.throws(build, /a function as isDeleted/)
    await using harness = await open('inner')
    const item = { name: 'x', at: 0 }
    assert.throws(() => harness.processElement1('k', item), /without timestamp/)
    assert.throws(() => harness.processElement2('k', item), /without timestamp/)
  })
})

for (const backend of backends) {
  describe(`the temporal join on ${backend.name}`, { skip: !backend.isThere }, () => {
    it('equals the naive one in any order, over restores, in no memory', async (context) => {
      const random = randomFor(context)
      for (let round = 0; round < 8; round++) {
        const at = new Set(Array.from({ length: 90 }, () => random.int(400) - 200))
        const names = [...at].map((time) => `${random.int(2) === 0 ? 'l' : 'r'}${time}`)
        const disordered = names
          .map((name) => ({ name, by: Number(name.slice(1)) + random.int(50) }))
          .toSorted((a, b) => a.by - b.by)
        const options = { ...deleting, backend: backend.create(), input: Item, memory: 1 }
        let harness = await open('leftOuter', options)
        const results: string[] = []
        for (const [index, { name, by }] of disordered.entries()) {
          feed(harness, name)
          // Whatever comes later is less than 51 older than it is sorted by.
          if (random.int(3) === 0) feed(harness, `w${by - 51}`)
          if (index % 40 !== 20) continue
          const restore = await harness.snapshot()
          results.push(...harness.output)
          await harness[Symbol.asyncDispose]()
          harness = await open('leftOuter', { ...options, restore })
        }
        feed(harness, 'w1000')
        results.push(...harness.output)
        const times = [...at].toSorted((a, b) => a - b)
        const versions = times.filter((time) => names.includes(`r${time}`))
        const expected = times
          .filter((time) => names.includes(`l${time}`))
          .map((time) => {
            const valid = versions.findLast((version) => version <= time)
            const isThere = valid !== undefined && valid % 2 === 0
            return `l${time}+${isThere ? `r${valid}` : '-'}`
          })
        assert.deepEqual(results, expected)
        await harness[Symbol.asyncDispose]()
      }
    })
  })
}
