/** The restart strategy that the resolved options describe. */
import type { OptionValues } from '../config/options.ts'
import type { RestartStrategy } from './restart.ts'

const MULTIPLIER = 2
const JITTER = 0.1

export function restartStrategy(values: OptionValues): RestartStrategy {
  const delayMs = values['restart.delay']
  const attemptsMax = values['restart.attempts']
  switch (values['restart.strategy']) {
    case 'none':
      return { kind: 'none' }
    case 'fixed-delay':
      return { kind: 'fixed-delay', attemptsMax, delayMs }
    case 'exponential-delay':
      return {
        kind: 'exponential-delay',
        initialDelayMs: delayMs,
        maxDelayMs: values['restart.maxDelay'],
        multiplier: MULTIPLIER,
        jitter: JITTER,
        resetAfterMs: values['restart.resetAfter'],
        attemptsMax,
      }
    case 'failure-rate':
      return {
        kind: 'failure-rate',
        failuresMax: values['restart.failures'],
        intervalMs: values['restart.interval'],
        delayMs,
      }
  }
}
