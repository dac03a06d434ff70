// Every history of a small checkpoint protocol: what comes in whatever order, lost or failed,
// breaks no promise. The same with bugs planted: each is found. MILLRACE_LONGER=1 explores larger
// ones too.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decide } from '../../src/checkpoint/decisions.ts'
import type { ProtocolEffect } from '../../src/checkpoint/protocol.ts'
import { Violation } from '../explore/explorer.ts'
import { DECISIONS_SIZES, exploreDecisions } from './decisions-model.ts'

const isLong = process.env['MILLRACE_LONGER'] !== undefined

type Effects = readonly ProtocolEffect[]

describe('the checkpoint protocol, in every history of a small world', () => {
  for (const { name, isLong: skipped = false, ...options } of DECISIONS_SIZES) {
    if (skipped && !isLong) continue
    it(`keeps its promises: ${name}`, async (context) => {
      context.diagnostic(JSON.stringify(await exploreDecisions(options)))
    })
  }

  /** Decisions that ask for something else. */
  const asking = (change: (effects: Effects) => Effects): typeof decide => {
    return (state, event) => {
      const [next, effects] = decide(state, event)
      return [next, change(effects)]
    }
  }
  const finds = async (planted: typeof decide, problem: RegExp): Promise<void> => {
    const options = { maxConcurrent: 2, ticks: 2, losses: 1, requests: 1, decide: planted }
    await assert.rejects(exploreDecisions(options), (error: unknown) => {
      assert.ok(error instanceof Violation)
      assert.match(error.message, problem)
      return true
    })
  }

  it('is found to write a manifest too early', () => {
    const planted: typeof decide = (state, event) => {
      if (event.kind !== 'acknowledge') return decide(state, event)
      const [first, effects] = decide(state, event)
      const task = { ...event.task, subtaskIndex: 1 - event.task.subtaskIndex }
      const [second, more] = decide(first, { ...event, task })
      return [second, [...effects, ...more]]
    }
    return finds(planted, /all tasks have acknowledged/)
  })

  it('is found to keep what builds on an aborted one', () => {
    const planted = asking((effects) => {
      const first = effects.find(({ kind }) => kind === 'send-abort')
      return effects.filter((effect) => effect.kind !== 'send-abort' || effect === first)
    })
    return finds(planted, /builds on/)
  })

  it('is found to commit before its manifest is there', () => {
    const planted = asking((effects) =>
      effects.flatMap((effect) => {
        const alone: Effects = [effect]
        if (effect.kind !== 'write-manifest') return alone
        return [...alone, { kind: 'send-complete', checkpointId: effect.checkpointId } as const]
      }),
    )
    return finds(planted, /written to confirmed/)
  })

  it('is found to forget who asked', () => {
    const planted = asking((effects) => effects.filter(({ kind }) => kind !== 'reject'))
    return finds(planted, /every request is answered/)
  })
})
