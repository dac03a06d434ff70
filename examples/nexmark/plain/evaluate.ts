// The plain evaluation of a query by its name, on the text of an event file.
import { q20, q3, q4, q6, q9 } from './auctions.ts'
import { q0, q1, q13, q14, q2, q22 } from './bids.ts'
import { type PlainEvents, readPlainEvents } from './events.ts'
import { q15, q16, q17, q18, q19 } from './statistics.ts'
import { q11, q12, q5, q7, q8 } from './windows.ts'

const evaluations: Readonly<Record<string, (events: PlainEvents) => string[]>> = {
  q0,
  q1,
  q2,
  q3,
  q4,
  q5,
  q6,
  q7,
  q8,
  q9,
  q11,
  q12,
  q13,
  q14,
  q15,
  q16,
  q17,
  q18,
  q19,
  q20,
  q22,
}

/** Rows in no particular order, for each query that is asked for. */
export function plainEvaluation(text: string): (query: string) => readonly string[] {
  const events = readPlainEvents(text)
  return (query) => {
    const evaluate = evaluations[query]
    if (evaluate === undefined) throw new Error(`no plain evaluation of ${query}`)
    return evaluate(events)
  }
}
