/** How skip strategies decide: a match gives a bound, and what began before it is dropped. */
import { MillraceError } from '../../errors.ts'
import { type MatchBuffer, NO_NODE } from './buffer.ts'
import type { PartialMatch } from './progress.ts'
import type { SkipStrategy } from './skip.ts'

/** Others that began with an event below this number are dropped. */
export function skipBound(
  strategy: SkipStrategy,
  buffer: MatchBuffer,
  match: PartialMatch,
): number {
  switch (strategy.kind) {
    case 'none':
      return Number.NEGATIVE_INFINITY
    case 'to-next':
      return match.first + 1
    case 'past-last-event':
      return buffer.node(match.node).event + 1
    case 'to-first':
    case 'to-last':
      return boundAtStep(strategy, buffer, match)
  }
}

function boundAtStep(strategy: SkipStrategy, buffer: MatchBuffer, match: PartialMatch): number {
  let bound: number | undefined
  for (let id = match.node; id !== NO_NODE;) {
    const { step, event, previous } = buffer.node(id)
    if (step === strategy.step && (bound === undefined || strategy.kind === 'to-first')) {
      bound = event
    }
    id = previous
  }
  if (strategy.onMiss === 'fail' && (bound === undefined || bound === match.first)) {
    const problem = bound === undefined ? 'has no event of that step' : 'begins with that event'
    throw new MillraceError(
      'FUNCTION_FAILED',
      `cannot skip to "${strategy.step}": a match ${problem}`,
      {
        cure: 'skip to a step that all matches have after the first event, or leave out onMiss',
        retryable: false,
      },
    )
  }
  return bound ?? Number.NEGATIVE_INFINITY
}
