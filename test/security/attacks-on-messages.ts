// Attacks on the server of a running job, continued: on tokens and roles, on the form of messages,
// and on what holds them.
import type { Attack } from './attacks.ts'
import { getOf, requestOf } from './requests.ts'
import type { Victim } from './victim.ts'

const stolen = (v: Victim): string => v.tokens.admin

const tokens: readonly Attack[] = [
  ['no token', (v) => requestOf(v, { token: undefined })],
  ['an empty token', (v) => requestOf(v, { token: '' })],
  ['a token of the right form', (v) => requestOf(v, { token: `millrace_admin_${'A'.repeat(43)}` })],
  ['the beginning of the token', (v) => requestOf(v, { token: stolen(v).slice(0, -1) })],
  ['the token and one character', (v) => requestOf(v, { token: `${stolen(v)}A` })],
  ['the token in other letters', (v) => requestOf(v, { token: stolen(v).toUpperCase() })],
  ['a hash of no token', (v) => requestOf(v, { token: '0'.repeat(64) })],
  ['a token that is very long', (v) => requestOf(v, { token: 'A'.repeat(4_000) })],
  [
    'two tokens, the second of them right',
    (v) => requestOf(v, { token: 'x', headers: [`Authorization: Bearer ${stolen(v)}`] }),
  ],
  ['a list of tokens', (v) => requestOf(v, { token: `x, Bearer ${stolen(v)}` })],
  [
    'the token by Basic',
    (v) =>
      requestOf(v, {
        token: undefined,
        headers: [`Authorization: Basic ${Buffer.from(`admin:${stolen(v)}`).toString('base64')}`],
      }),
  ],
  [
    'the token in the query',
    (v) => requestOf(v, { token: undefined, target: `/v1/stop?token=${stolen(v)}` }),
  ],
  [
    'the token in the body',
    (v) => requestOf(v, { token: undefined, body: JSON.stringify({ token: stolen(v) }) }),
  ],
  [
    'the token in another header',
    (v) =>
      requestOf(v, {
        token: undefined,
        headers: [`X-Api-Key: ${stolen(v)}`, `Proxy-Authorization: Bearer ${stolen(v)}`],
      }),
  ],
]

const roles: readonly Attack[] = [
  ['stop by a viewer', (v) => requestOf(v, { token: v.tokens.viewer })],
  [
    'a checkpoint by a viewer',
    (v) => requestOf(v, { token: v.tokens.viewer, target: '/v1/checkpoints' }),
  ],
  [
    'a savepoint by a viewer',
    (v) =>
      requestOf(v, { token: v.tokens.viewer, target: '/v1/savepoints', body: '{"directory":"a"}' }),
  ],
  ['release by a viewer', (v) => requestOf(v, { token: v.tokens.viewer, target: '/v1/release' })],
  ['handover by a viewer', (v) => requestOf(v, { token: v.tokens.viewer, target: '/v1/handover' })],
  ['erase by an operator', (v) => requestOf(v, { token: v.tokens.operator, target: '/v1/erase' })],
  [
    'cancel by an operator',
    (v) => requestOf(v, { token: v.tokens.operator, target: '/v1/cancel' }),
  ],
  [
    'a higher role by a header',
    (v) => requestOf(v, { token: v.tokens.viewer, headers: ['X-Role: admin', 'X-User: root'] }),
  ],
  [
    'a higher role by a parameter',
    (v) =>
      requestOf(v, { token: v.tokens.operator, target: '/v1/cancel', body: '{"role":"admin"}' }),
  ],
]

const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`

/** `POST /v1/stop` with all it needs but how its length is told. */
const stopBy = (v: Victim, ...headers: readonly string[]): string =>
  lines(
    'POST /v1/stop HTTP/1.1',
    `Host: 127.0.0.1:${v.port}`,
    `Authorization: Bearer ${stolen(v)}`,
    'Content-Type: application/json',
    ...headers,
  )

const smuggling: readonly Attack[] = [
  [
    'both Content-Length and Transfer-Encoding',
    (v) => `${stopBy(v, 'Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  [
    'both, the other way round',
    (v) => `${stopBy(v, 'Transfer-Encoding: chunked', 'Content-Length: 2')}{}`,
  ],
  ['chunks', (v) => `${stopBy(v, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`],
  [
    'an encoding that is almost chunked',
    (v) => `${stopBy(v, 'Transfer-Encoding: xchunked', 'Content-Length: 2')}{}`,
  ],
  [
    'a tab before chunked',
    (v) => `${stopBy(v, 'Transfer-Encoding:\tchunked')}2\r\n{}\r\n0\r\n\r\n`,
  ],
  ['a space before the colon', (v) => `${stopBy(v, 'Content-Length : 2')}{}`],
  ['two lengths that are equal', (v) => `${stopBy(v, 'Content-Length: 2', 'Content-Length: 2')}{}`],
  ['two lengths that differ', (v) => `${stopBy(v, 'Content-Length: 0', 'Content-Length: 2')}{}`],
  ['a length with a sign', (v) => `${stopBy(v, 'Content-Length: +2')}{}`],
  ['a length below zero', (v) => `${stopBy(v, 'Content-Length: -2')}{}`],
  ['a hexadecimal length', (v) => `${stopBy(v, 'Content-Length: 0x2')}{}`],
  ['a list of lengths', (v) => `${stopBy(v, 'Content-Length: 2, 2')}{}`],
  ['a length beyond all numbers', (v) => `${stopBy(v, `Content-Length: ${'9'.repeat(40)}`)}{}`],
  ['a header over two lines', (v) => `${stopBy(v, 'X-A: b\r\n Content-Length: 2')}{}`],
  ['lines that end in LF alone', (v) => requestOf(v).replaceAll('\r\n', '\n')],
  ['lines that end in CR alone', (v) => requestOf(v).replaceAll('\r\n', '\r')],
  ['a zero byte in the name of a header', (v) => requestOf(v, { headers: ['X-\0A: b'] })],
  ['a zero byte in a header', (v) => requestOf(v, { headers: ['X-A: b\0c'] })],
  ['a line break in a header', (v) => requestOf(v, { headers: ['X-A: b\rSet-Cookie: c=d'] })],
  ['a header without a name', (v) => requestOf(v, { headers: [': b'] })],
  ['a zero byte in the target', (v) => getOf(v, { target: '/v1/status\0' })],
  ['letters that are none in the target', (v) => Buffer.from(getOf(v, { target: '/v1/ſtatus' }))],
  [
    'a request without a token behind one that is refused',
    (v) => getOf(v, { target: '/v1/nothing' }) + requestOf(v),
  ],
  [
    'a request in the body of one that has none',
    (v) => getOf(v, { headers: [`Content-Length: ${requestOf(v).length}`] }) + requestOf(v),
  ],
]

const protocols: readonly Attack[] = [
  ['HTTP/1.0 without a Host', (v) => requestOf(v, { version: 'HTTP/1.0', host: undefined })],
  ['HTTP/1.0 with a Host', (v) => requestOf(v, { version: 'HTTP/1.0' })],
  ['HTTP/0.9', () => 'GET /v1/status\r\n\r\n'],
  ['HTTP/2 in the clear', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/9.9', (v) => requestOf(v, { version: 'HTTP/9.9' })],
  [
    'an upgrade to a WebSocket',
    (v) =>
      getOf(v, {
        headers: [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ],
      }),
  ],
  [
    'an upgrade to HTTP/2',
    (v) =>
      getOf(v, {
        headers: [
          'Connection: Upgrade, HTTP2-Settings',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
        ],
      }),
  ],
  ['a body that waits to be asked for', (v) => requestOf(v, { headers: ['Expect: 100-continue'] })],
  [
    'an expectation that nobody knows',
    (v) => requestOf(v, { headers: ['Expect: the unexpected'] }),
  ],
  ['a line of the control socket', () => '{"id":1,"method":"cancel"}\n'],
  ['the beginning of TLS', () => Buffer.from('16030100c8010000c40303', 'hex')],
  ['bytes by chance', () => Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 97) & 255))],
]

const bodies: readonly Attack[] = [
  ['a head of 64 KiB', (v) => requestOf(v, { headers: [`X-A: ${'a'.repeat(65_536)}`] })],
  [
    'a thousand headers',
    (v) => requestOf(v, { headers: Array.from({ length: 1_000 }, (_, at) => `X-${at}: a`) }),
  ],
  ['a target of 64 KiB', (v) => getOf(v, { target: `/${'a'.repeat(65_536)}` })],
  ['a body that says it has a terabyte', (v) => `${stopBy(v, 'Content-Length: 1099511627776')}{}`],
  ['a body of 20 KiB', (v) => requestOf(v, { body: `{"drain":false}${' '.repeat(20_000)}` })],
  ['a body that goes deep', (v) => requestOf(v, { body: '['.repeat(15_000) })],
  ['a body that is no object', (v) => requestOf(v, { body: '[]' })],
  ['a body that is null', (v) => requestOf(v, { body: 'null' })],
  ['a body that is not JSON', (v) => requestOf(v, { body: "{drain:'true'}" })],
  [
    'a body that is not UTF-8',
    (v) => Buffer.concat([Buffer.from(stopBy(v, 'Content-Length: 2')), Buffer.of(0xc3, 0x28)]),
  ],
  ['a parameter that nobody knows', (v) => requestOf(v, { body: '{"exec":"id"}' })],
  [
    'the prototype of all objects as a parameter',
    (v) => requestOf(v, { body: '{"__proto__":{"drain":true}}' }),
  ],
  ['a flag that is a text', (v) => requestOf(v, { body: '{"drain":"true"}' })],
]

export const MESSAGE_ATTACKS: readonly Attack[] = [
  ...tokens,
  ...roles,
  ...smuggling,
  ...protocols,
  ...bodies,
]
