// The texts of generated events: names, places, addresses, padding.
import { EventRandom } from './random.ts'

export const places = {
  firstNames: 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' '),
  lastNames: 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' '),
  cities:
    'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(
      ',',
    ),
  states: ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'],
}

const letters = 'abcdefghijklmnopqrstuvwxyz'
const hotChannels = ['Google', 'Facebook', 'Baidu', 'Apple']
const coldChannels = 10_000
/** Sets the texts of channels apart from those of events. */
const channelSeed = 0x6368_616e
const spread = 0.2

export function pick(random: EventRandom, values: readonly string[]): string {
  return values[random.int(values.length)] ?? ''
}

/** Three letters or more, below `lengthMax`; here and there a gap. */
export function words(random: EventRandom, lengthMax: number, gap = ' '): string {
  const length = 3 + random.int(lengthMax - 3)
  let text = ''
  while (text.length < length) text += random.int(13) === 0 ? gap : letters[random.int(26)]
  return text.trim()
}

export function email(random: EventRandom): string {
  return `${words(random, 7)}@${words(random, 5)}.com`
}

export function creditCard(random: EventRandom): string {
  const four = (): string => String(random.int(10_000)).padStart(4, '0')
  return [four(), four(), four(), four()].join(' ')
}

/** From 100 to 100,000,000, each power of ten as likely as the others. */
export function priceOf(random: EventRandom): number {
  return Math.round(100 * 10 ** (random.next() * 6))
}

/** Letters, so that an event has about `bytes` with what it has already. */
export function extra(random: EventRandom, used: number, bytes: number): string {
  if (used > bytes) return ''
  const delta = Math.round((bytes - used) * spread)
  const length = bytes - used - delta + random.int(2 * delta)
  let text = ''
  while (text.length < length) text += letters[random.int(26)]
  return text
}

/** Half of the bids come through four channels. A channel always has the same url. */
export function channelOf(random: EventRandom, seed: number): { channel: string; url: string } {
  if (random.int(2) > 0) {
    const hot = random.int(hotChannels.length)
    return { channel: hotChannels[hot] ?? '', url: urlOf(seed, coldChannels + hot).url }
  }
  const number = random.int(coldChannels)
  const { url, random: rest } = urlOf(seed, number)
  const isNamed = rest.int(10) > 0
  return { channel: `channel-${number}`, url: isNamed ? `${url}&channel_id=${number}` : url }
}

function urlOf(seed: number, channel: number): { url: string; random: EventRandom } {
  const random = new EventRandom(seed ^ channelSeed, channel)
  const folders = [words(random, 5, '_'), words(random, 5, '_'), words(random, 5, '_')]
  return { url: `https://www.nexmark.com/${folders.join('/')}/item.htm?query=1`, random }
}
