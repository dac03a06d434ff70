/**
 * Histories of banks for other checkers: as JSON, an array of operations, or as EDN with Jepsen's
 * keys, one operation a line. Each event is an invocation and its completion, because a stage does
 * one thing after the other to an account; `process` is the stage and the account.
 */
import type { BankEvent } from './history.ts'

export interface HistoryOperation {
  readonly index: number
  readonly type: 'invoke' | 'ok' | 'fail'
  /** `debit/7`: what a stage does to an account is one sequential process. */
  readonly process: string
  readonly f: BankEvent['f']
  readonly value: Readonly<Record<string, number>>
}

export function historyOperations(events: readonly BankEvent[]): readonly HistoryOperation[] {
  return events.flatMap(({ f, account, to, from, amount, ok, place, balance, at, v }, event) => {
    const process = `${f === 'receive' ? 'credit' : 'debit'}/${account}`
    const other: Record<string, number> = {}
    if (f === 'transfer') other['to'] = to ?? -1
    if (f === 'receive') other['from'] = from ?? -1
    const asked = f === 'read' ? {} : { amount }
    const value = { account, ...other, ...asked, order: v, time: at }
    const type = ok || f === 'read' ? ('ok' as const) : ('fail' as const)
    return [
      { index: event * 2, type: 'invoke' as const, process, f, value },
      { index: event * 2 + 1, type, process, f, value: { ...value, place, balance } },
    ]
  })
}

export function historyJson(operations: readonly HistoryOperation[]): string {
  return `[\n${operations.map((operation) => JSON.stringify(operation)).join(',\n')}\n]\n`
}

/** @example {:index 0 :type :invoke :process "debit/7" :f :transfer :value {:account 7 :to 2}} */
export function historyEdn(operations: readonly HistoryOperation[]): string {
  const lines = operations.map(({ index, type, process, f, value }) => {
    const pairs = Object.entries(value).map(([key, number]) => `:${key} ${number}`)
    const what = `:type :${type} :process ${JSON.stringify(process)} :f :${f}`
    return `{:index ${index} ${what} :value {${pairs.join(' ')}}}\n`
  })
  return lines.join('')
}
