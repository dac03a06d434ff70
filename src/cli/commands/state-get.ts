/** `millrace state get`: the states of one key. */
import { plainValue } from '../../savepoint/plain-value.ts'
import { MillraceError } from '../../errors.ts'
import { keyFromText } from '../../types/key-from-text.ts'
import { describeKey } from '../../types/keys.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { withSnapshot } from '../snapshots.ts'
import { chosenStates } from '../state-choice.ts'
import { styled } from '../terminal.ts'

export const stateGet: CommandFunction = async (invocation, terminal) => {
  const text = invocation.value('key')
  if (text === undefined) {
    throw new MillraceError('CLI_USAGE', 'state get needs a key', {
      cure: 'give it as --key <key>; `millrace state export` writes all of them',
    })
  }
  const [, uid = ''] = invocation.positionals
  return withSnapshot(invocation, terminal, async (snapshot) => {
    const operator = snapshot.state(uid)
    const names = chosenStates(operator.schema, invocation.values('state'))
    const key = keyFromText(text, operator.schema.keyType)
    const row = await operator.get(key)
    const found = names.filter((name) => row !== undefined && Object.hasOwn(row.states, name))
    if (row === undefined) {
      const message = `"${uid}" has no state for the key ${describeKey(key)}`
      throw new MillraceError('CHECKPOINT_NOT_FOUND', message, {
        cure: 'list the keys with `millrace state export`',
      })
    }
    const states = Object.fromEntries(found.map((name) => [name, plainValue(row.states[name])]))
    if (invocation.json) {
      terminal.out(`${JSON.stringify({ uid, key: plainValue(row.key), states })}\n`)
    } else {
      const room = Math.max(0, ...found.map((name) => name.length))
      for (const name of found) {
        const label = styled(terminal, 'bold', name.padEnd(room))
        terminal.out(`${label}  ${JSON.stringify(states[name])}\n`)
      }
    }
    return exitCode('ok')
  })
}
