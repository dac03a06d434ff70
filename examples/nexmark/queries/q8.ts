// q8, new users: who came and put something up for sale in the same ten seconds?
import { type Infer, t, tumblingWindow } from 'millrace'
import { row } from '../format.ts'
import { auctionsOf, peopleOf, type Query } from '../streams.ts'

/** Someone came (then there is a name), or someone sells. */
const Sign = t.struct({ id: t.float64, name: t.optional(t.string) })
type Sign = Infer<typeof Sign>
const NewSeller = t.struct({ id: t.float64, name: t.string, start: t.timestamp })

export const q8: Query = (events) => {
  const people = peopleOf(events)
    .map(({ id, name }): Sign => ({ id, name }))
    .returns(Sign)
  const sellers = auctionsOf(events)
    .map(({ seller }): Sign => ({ id: seller }))
    .returns(Sign)
  return people
    .union(sellers)
    .keyBy(({ id }) => id)
    .window(tumblingWindow('10 s'))
    .process('q8-new-sellers', {
      output: NewSeller,
      process(id, { start }, signs, out) {
        if (!signs.some(({ name }) => name === undefined)) return
        const names = new Set(signs.map(({ name }) => name))
        for (const name of names) if (name !== undefined) out.collect({ id, name, start })
      },
    })
    .map(({ id, name, start }) => row(id, name, start))
}
