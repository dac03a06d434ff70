/** `millrace config`: every option, its value, and where the value came from. */
import { OPTION_KEYS, type OptionKey, optionSpec } from '../../config/options.ts'
import { layerFromObject } from '../../config/resolve.ts'
import { formatOptionValue, type OptionValue } from '../../config/values.ts'
import { loadJobModule } from '../../runtime/load-module.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { commandOptions, jobModuleUrl } from '../given-options.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

export const config: CommandFunction = async (invocation, terminal) => {
  const hasJob = invocation.positionals.length > 0
  const job = hasJob ? await loadJobModule(jobModuleUrl(invocation, terminal)) : undefined
  const code =
    job === undefined ? undefined : layerFromObject('code', `job "${job.name}"`, job.settings)
  const { values, origins } = await commandOptions(invocation, terminal, code)
  if (invocation.json) {
    const options = Object.fromEntries(
      OPTION_KEYS.map((key) => [key, { value: values[key] ?? null, origin: origins[key] }]),
    )
    terminal.out(`${JSON.stringify(options)}\n`)
    return exitCode('ok')
  }
  const [head = '', ...lines] = tableLines<OptionKey>(
    [
      { title: 'OPTION', value: (key) => key },
      { title: 'VALUE', value: (key) => shown(key, values[key]), flexible: true },
      { title: 'FROM', value: (key) => origins[key] },
    ],
    OPTION_KEYS,
    terminal.outIsTty ? terminal.columns : undefined,
  )
  const painted = lines.map((line, index) => {
    const key = OPTION_KEYS[index]
    const isDefault = key !== undefined && origins[key] === 'default'
    return isDefault ? styled(terminal, 'dim', line) : line
  })
  terminal.out(`${[styled(terminal, 'bold', head), ...painted].join('\n')}\n`)
  return exitCode('ok')
}

function shown(key: OptionKey, value: OptionValue | undefined): string {
  return value === undefined
    ? `(${optionSpec(key).defaultText ?? 'none'})`
    : formatOptionValue(key, value)
}
