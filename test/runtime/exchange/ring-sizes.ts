// What of the ring is explored: small rings, few records, chosen so that everything happens.
import type { RingModelOptions } from './ring-model.ts'

const [empty, eight, five] = [{ bytes: 0 }, { bytes: 8 }, { bytes: 5 }]
/** The counters become 0 in the middle. */
const WRAPS = 2 ** 32 - 8

export const RING_SIZES: Readonly<
  Record<string, RingModelOptions & { readonly isLong?: boolean }>
> = {
  'two records': { capacityBytes: 32, sent: [empty, empty] },
  'three records over the end of the ring and of the counters': {
    capacityBytes: 64,
    startBytes: WRAPS,
    sent: [eight, empty, five],
  },
  'more records than there is room for': {
    capacityBytes: 32,
    startBytes: 8,
    sent: [empty, empty, empty, empty, empty, empty],
    before: 4,
    isCoarse: true,
  },
  'more records than there is room for, some over the end': {
    capacityBytes: 64,
    startBytes: 8,
    sent: [eight, eight, eight, eight, empty],
    before: 3,
  },
  'a barrier in its place': {
    capacityBytes: 64,
    startBytes: 40,
    sent: [eight, { barrier: 1 }, eight],
  },
  'two barriers': {
    capacityBytes: 64,
    sent: [{ barrier: 1 }, { barrier: 2 }, empty],
    isCoarse: true,
  },
  'a cut before the barrier has come, which may overtake': {
    capacityBytes: 64,
    startBytes: 56,
    unaligned: 'anywhere',
    sent: [empty, { barrier: 1 }, empty],
    isCoarse: true,
  },
  'the same, with every plain access a step': {
    capacityBytes: 64,
    startBytes: 56,
    unaligned: 'anywhere',
    sent: [empty, { barrier: 1 }, empty],
    isLong: true,
  },
  'a barrier that overtakes where there is no room': {
    capacityBytes: 64,
    unaligned: 'without room',
    sent: [eight, eight, eight, eight, { barrier: 1 }, empty],
    before: 4,
    isCoarse: true,
    isLong: true,
  },
  'a barrier that overtakes several records': {
    capacityBytes: 64,
    unaligned: 'anywhere',
    sent: [empty, eight, { barrier: 1 }, five],
    isCoarse: true,
    isLong: true,
  },
}
