// The simulator's command line: what many seeds come to does not depend on what runs them, and
// wrong options are told, not guessed at.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseCommandLine, UsageError } from '../../simulation/cli/options.ts'

const MAIN = join(import.meta.dirname, '../../simulation/main.ts')

function simulate(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, ['--conditions=millrace-source', MAIN, ...args])
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, output }))
  })
}

describe('the command line of the simulator', () => {
  it('comes to the same however many processes run the seeds', async () => {
    const args = ['--seeds', '31..36', '--json', '--processes']
    const [one, three] = [await simulate(...args, '1'), await simulate(...args, '3')]
    assert.equal(one.code, 0, one.output)
    // What only depends on the machine is left out.
    const facts = (output: string) => {
      const all: Record<string, unknown> = JSON.parse(output)
      const { elapsedMs, processes, seedsPerSecond, timesRealTime, ...rest } = all
      assert.ok([elapsedMs, processes, seedsPerSecond, timesRealTime].every(Number.isFinite))
      return rest
    }
    assert.equal(facts(one.output)['seeds'], 6)
    assert.deepEqual(facts(three.output), facts(one.output))
  })

  it('begins no seed when the time is over', async () => {
    const { code, output } = await simulate('--seeds', '1..500', '--minutes', '0')
    assert.equal(code, 0)
    assert.match(output, /^0 seeds in/)
  })

  it('refuses options that make no sense, and names them', async () => {
    for (const wrong of [
      ['--seeds', '9..3'],
      ['--seeds', 'all'],
      ['--seed', '-1'],
      ['--processes', '0'],
      ['--minutes', 'ten'],
      ['--everything'],
    ]) {
      assert.throws(() => parseCommandLine(wrong), UsageError, wrong.join(' '))
    }
    const { code, output } = await simulate('--seeds', 'all')
    assert.equal(code, 2)
    assert.match(output, /--seeds is a range such as 1\.\.500, not all/)
  })
})
