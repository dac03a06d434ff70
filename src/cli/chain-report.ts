/** What `checkpoint verify` says of the chain of manifests: where it breaks, who vouches for it. */
import type { Chain } from '../checkpoint/chain.ts'
import { linkName } from '../checkpoint/layout.ts'
import { MillraceError } from '../errors.ts'

export interface ChainReport {
  readonly links: number
  /** Whether signatures were verified: keys were given. */
  readonly isVerified: boolean
  /** Ids of the keys under which links are signed; empty: none is. */
  readonly keys: readonly string[]
  /** The newest link, to be noted down: another day it must still be there. */
  readonly newest: string | null
  readonly firstBroken: { readonly name: string; readonly problem: string } | null
}

/**
 * @param expected `<number>:<SHA-256>` of a link, as an earlier report said it.
 * @throws `CLI_USAGE` if it is not.
 */
export function reportChain(
  { entries, damage, head }: Chain,
  isVerified: boolean,
  expected: string | undefined,
): ChainReport {
  const keys = new Set(entries.flatMap(({ link }) => link.signature?.keyId ?? []))
  const problem = expected === undefined ? undefined : missing(entries, head.sequence, expected)
  const broken = [...damage, ...(problem === undefined ? [] : [problem])]
  const [first] = broken.toSorted((a, b) => a.sequence - b.sequence)
  return {
    links: entries.length + damage.length,
    isVerified,
    keys: [...keys],
    newest: head.sequence === 0 ? null : `${head.sequence}:${head.hash}`,
    firstBroken: first === undefined ? null : { name: first.name, problem: first.problem },
  }
}

/** Why the chain is not the one that had this link, if it is not. */
function missing(
  entries: Chain['entries'],
  newest: number,
  expected: string,
): { readonly sequence: number; readonly name: string; readonly problem: string } | undefined {
  const [, number = '', hash = ''] = /^([1-9]\d*):([0-9a-f]{64})$/.exec(expected) ?? []
  if (number === '') {
    throw new MillraceError('CLI_USAGE', `--link ${expected}: that is no link`, {
      cure: 'give <number>:<SHA-256>, as an earlier `checkpoint verify` said it',
    })
  }
  const sequence = Number(number)
  const found = entries.find(({ link }) => link.sequence === sequence)
  if (found?.hash === hash) return undefined
  const name = linkName(sequence)
  if (found !== undefined) return { sequence, name, problem: 'is not the one that was there' }
  if (sequence > newest) return { sequence, name, problem: 'was there: the chain ends before it' }
  return { sequence, name, problem: 'is not there any more: nothing can be said' }
}

/** One line for people, and one more if something is broken. */
export function chainLines(report: ChainReport): readonly string[] {
  const { links, isVerified, keys, newest, firstBroken } = report
  const under = keys.map((id) => `"${id}"`).join(', ')
  const unverified = `signed under ${under}, not verified: no --signing-keys`
  const vouched = isVerified ? `signed under ${under}, verified` : unverified
  const signed = keys.length === 0 ? 'not signed' : vouched
  const at = newest === null ? '' : `; newest link ${newest}`
  const broken =
    firstBroken === null
      ? []
      : [`first broken link: ${firstBroken.name} ${plain(firstBroken.problem, firstBroken.name)}`]
  return [`${links} link${links === 1 ? '' : 's'}, ${signed}${at}`, ...broken]
}

/** A problem often names its file itself. */
function plain(problem: string, name: string): string {
  return (problem.split(name).at(-1) ?? problem).replace(/^:? /, '')
}
