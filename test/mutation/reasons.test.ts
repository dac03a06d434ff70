// What is known of surviving mutants is said of one place each, and of code that is there.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { reasonFor, reasons } from '../../mutation/reasons.ts'

const TEXT_MAX = 200
const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('each reason fits the code of one place, or says of how many', () => {
  const wrong: string[] = []
  for (const { file, text, line, places = 1 } of reasons) {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    const lines = source.split('\n').filter((each) => each.trim() === line)
    const count =
      line === undefined || !line.includes(text.slice(0, 20))
        ? inOneLine(source).split(text).length - 1
        : lines.length
    if (count !== places) wrong.push(`${file}: ${text}: ${count} places`)
    if (text.length > TEXT_MAX) wrong.push(`${file}: ${text} is cut off in the list of survivors`)
  }
  assert.deepEqual(wrong, [])
})

test('what is killed names a test that is there, or how its name begins', () => {
  const killed = reasons.filter(({ kind }) => kind === 'killed')
  assert.ok(killed.length > 0)
  for (const { file, text, why } of killed) {
    const [, path = '', name = ''] = /^(test\/\S+\.test\.ts), (.{10,})$/.exec(why) ?? []
    const place = new URL(`../../${path}`, import.meta.url)
    const isThere = path !== '' && existsSync(place)
    assert.ok(isThere, `${file}: ${text}: ${why} is no name of a test`)
    const titles = inOneLine(readFileSync(place, 'utf8')).replaceAll('\\', '')
    const isNamed = ["'", '"', '`'].some((quote) => titles.includes(quote + name))
    assert.ok(isNamed, `${why}: no such test`)
  }
})

test('a reason that names its line excuses nothing else', () => {
  const survivor = {
    file: 'src/state/table/below.ts',
    mutator: 'ArrayDeclaration',
    text: '[]',
    replacement: '["Stryker was here"]',
  }
  assert.equal(reasonFor(survivor, '#timers: TimersBelow[] = []')?.kind, 'equivalent')
  assert.equal(reasonFor(survivor, 'this.#timers = []'), undefined)
})
