// Every decoder is given what is known to be sound, what once was a finding, and inputs that are
// made of these by chance, always the same. `npm run fuzz` looks for more of them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Buffer } from 'node:buffer'
import { inputFolder, inputsIn, type Input } from '../../fuzz/lib/inputs.ts'
import { judge } from '../../fuzz/lib/judge.ts'
import { HOSTILE, mutated } from '../../fuzz/lib/mutate.ts'
import type { FuzzTarget } from '../../fuzz/lib/target.ts'
import { TARGETS } from '../../fuzz/targets/index.ts'
import { SeededRandom } from '../../src/util/random.ts'

/** Larger inputs are not made others of: that would take long. */
const PART_BYTES_MAX = 8_000
/** Made of each target's inputs. FUZZ_INPUTS=100000 makes more. */
const MADE = Number(process.env['FUZZ_INPUTS'] ?? 2_000)

function named(name: string, inputs: Iterable<Uint8Array>): readonly Input[] {
  return Array.from(inputs, (bytes, index) => {
    return { name: `${name} ${index}`, bytes: Buffer.from(bytes) }
  })
}

for (const target of TARGETS) {
  describe(`the decoder of ${target.decodes}`, () => {
    const sound = named('seed', target.seeds())
    const unsound = [...named('unsound', target.unsound?.() ?? []), ...named('hostile', HOSTILE)]
    const kept = inputsIn(inputFolder('corpus', target))
    const regressions = inputsIn(inputFolder('regressions', target))

    it('takes sound input', async () => {
      assert.ok(sound.length > 0, 'a target has seeds')
      for (const { bytes } of sound) await target.decode(bytes)
      await refuseNothingWrongly(target, sound)
    })

    it('refuses what led into its corners, and what was a finding once, as it should', async () => {
      await refuseNothingWrongly(target, [...unsound, ...kept, ...regressions])
    })

    it('refuses inputs made by chance as it should', async () => {
      const all = [...sound, ...unsound.slice(0, -HOSTILE.length), ...kept, ...regressions]
      const parts = all.filter(({ bytes }) => bytes.length <= PART_BYTES_MAX)
      const made = function* (): Generator<Input> {
        for (let seed = 1; seed <= MADE; seed++) {
          const random = new SeededRandom(seed)
          const [from, other] = [0, 1].map(() => parts[random.int(parts.length)]?.bytes)
          const bytes = mutated(from ?? Buffer.alloc(0), other ?? Buffer.alloc(0), random)
          yield { name: `seed ${seed}`, bytes }
        }
      }
      await refuseNothingWrongly(target, made())
    })
  })
}

async function refuseNothingWrongly(target: FuzzTarget, inputs: Iterable<Input>): Promise<void> {
  for (const { name, bytes } of inputs) {
    const found = await judge(target, bytes)
    if (found === undefined) continue
    const shown = bytes.length > 300 ? `${bytes.length} bytes` : bytes.toString('latin1')
    assert.fail(
      `${target.name}, ${name}: ${found.kind}: ${found.message}\n${JSON.stringify(shown)}`,
    )
  }
}
