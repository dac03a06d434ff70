// What is attempted against the server of a running job: one request each, by name. Those who
// attack have the admin's token unless it is the token that they lack, so that nothing but what is
// attacked stands in their way.
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { getOf, requestOf } from './requests.ts'
import type { Victim } from './victim.ts'

export type Attack = readonly [attempt: string, bytes: (victim: Victim) => string | Buffer]

const paths: readonly Attack[] = [
  ['/../../../../etc/passwd', 'a path that leads up'],
  ['/v1/../../words/admin.token', 'a path that leads up from a route'],
  ['/%2e%2e/%2e%2e/%2e%2e/etc/passwd', 'dots as escapes'],
  ['/v1/..%2f..%2fadmin.token', 'slashes as escapes'],
  ['/v1/%252e%252e%252fadmin.token', 'escapes that are escaped'],
  ['/v1/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd', 'overlong UTF-8'],
  ['/v1/%u002e%u002e/admin.token', 'escapes of IIS'],
  [String.raw`/v1\..\..\admin.token`, 'backslashes'],
  ['/v1/status/..;/admin.token', 'parameters of a path segment'],
  ['/v1/status%00.json', 'a zero byte as an escape'],
  ['/v1/status%0d%0aSet-Cookie:%20a=b', 'a line break in the path, for a header of the answer'],
  ['//etc/passwd', 'an empty segment'],
  ['file:///etc/passwd', 'the URL of a file'],
  ['http://169.254.169.254/latest/meta-data', 'the URL of another server, as of a proxy'],
  ['*', 'the asterisk'],
  ['/admin.token', 'the name of a file in the folder'],
  ['/v1/status?token=x', 'a query'],
  ['/v1/status#x', 'a fragment'],
  ['/constructor', 'a name that every object has'],
  ['/__proto__', 'the prototype'],
].map(([target = '', what]) => [`a file by ${what}: ${target}`, (v) => getOf(v, { target })])

const places: readonly Attack[] = (
  [
    ['a name that leads up', () => '../elsewhere'],
    ['a path that leads up out of the folder', ({ root }) => `${root}/../../elsewhere`],
    ['a path from the root', () => '/etc/cron.d/job'],
    ['a folder whose name begins like the right one', ({ root }) => `${root}-other/x`],
    ['the folder itself', ({ root }) => `${root}/`],
    ['a URL', () => 'file:///tmp/elsewhere'],
    ['another storage', () => 's3://bucket/elsewhere'],
    ['a drive of Windows', () => String.raw`C:\elsewhere`],
    ['a share of Windows', () => String.raw`\\server\share`],
    ['dots as escapes', () => '%2e%2e/elsewhere'],
    ['dots that look like dots', () => '．．/elsewhere'],
    ['a zero byte', ({ root }) => `${root}/a\0/../../x`],
    ['a line break', () => 'a\nb'],
    ['a hidden file', () => '.ssh/authorized_keys'],
    [
      'a link in the folder',
      ({ root }) => {
        rmSync(join(root, 'link'), { force: true })
        symlinkSync('/tmp', join(root, 'link'))
        return `${root}/link/elsewhere`
      },
    ],
    ['a number', () => 5],
    ['a list', () => ['a']],
    ['nothing', () => ''],
  ] as const satisfies readonly (readonly [string, (victim: Victim) => unknown])[]
).map(([what, place]) => [
  `a savepoint elsewhere by ${what}`,
  (victim) => {
    const body = JSON.stringify({ directory: place(victim) })
    return requestOf(victim, { target: '/v1/savepoints', body })
  },
])

const hosts: readonly Attack[] = (
  [
    ['evil.example', 'another name'],
    ['evil.example:PORT', 'another name and the right port'],
    ['127.0.0.1.evil.example:PORT', 'a name that begins like the address'],
    ['evil.example@127.0.0.1:PORT', 'a user before the address'],
    ['127.0.0.1', 'the address without its port'],
    ['127.0.0.1:1', 'another port'],
    ['localhost.:PORT', 'a dot after the name'],
    ['0.0.0.0:PORT', 'the address that stands for all'],
    ['2130706433:PORT', 'the address as one number'],
    ['127.1:PORT', 'the address cut short'],
    ['[::ffff:127.0.0.1]:PORT', 'the address as one of IPv6'],
    ['ⓛocalhost:PORT', 'letters that browsers take for others'],
    ['xn--localhost:PORT', 'punycode'],
    ['localhost:PORT, evil.example', 'a list'],
    ['local\0host:PORT', 'a zero byte'],
    ['', 'nothing'],
  ] as const
).map(([host, what]) => [
  `another Host by ${what}`,
  (victim) => {
    const name = host.replace('PORT', String(victim.port))
    return Buffer.from(getOf(victim, { host: name }))
  },
])

const moreHosts: readonly Attack[] = [
  ['no Host at all', (v) => getOf(v, { host: undefined })],
  ['two Hosts, the first of them right', (v) => getOf(v, { headers: ['Host: evil.example'] })],
  [
    'another Host, with the right one in X-Forwarded-Host',
    (v) => {
      const headers = [`X-Forwarded-Host: 127.0.0.1:${v.port}`, 'X-Forwarded-For: 127.0.0.1']
      return getOf(v, { host: 'evil.example', headers })
    },
  ],
  ['another Host in the target', (v) => getOf(v, { target: 'http://evil.example/v1/status' })],
]

const origins: readonly Attack[] = [
  ['another site', 'http://evil.example'],
  ['a page without an origin', 'null'],
  ['a site on another port of this machine', 'http://127.0.0.1:1'],
  ['a name that begins like the right one', 'http://127.0.0.1:PORT.evil.example'],
  ['a name that ends like the right one', 'http://evil.example:80#127.0.0.1:PORT'],
  ['an extension of a browser', 'chrome-extension://abcdefgh'],
  ['a list of origins', 'http://127.0.0.1:PORT http://evil.example'],
].map(([what, origin = '']) => [
  `a request of ${what}`,
  (v) => requestOf(v, { headers: [`Origin: ${origin.replace('PORT', String(v.port))}`] }),
])

const pagesOfOthers: readonly Attack[] = [
  [
    'a preflight, to be told that another origin may ask',
    (v) => {
      const asked = ['Origin: http://evil.example', 'Access-Control-Request-Method: POST']
      return requestOf(v, { method: 'OPTIONS', headers: asked, body: undefined })
    },
  ],
  [
    'a page of another site without Origin',
    (v) => getOf(v, { headers: ['Sec-Fetch-Site: cross-site'] }),
  ],
  ['a page of a site beside it', (v) => getOf(v, { headers: ['Sec-Fetch-Site: same-site'] })],
  [
    'the form of a page',
    (v) => requestOf(v, { type: 'application/x-www-form-urlencoded', body: 'drain=true' }),
  ],
  [
    'a form with parts',
    (v) => requestOf(v, { type: 'multipart/form-data; boundary=x', body: '--x--' }),
  ],
  [
    'a form of plain text that is JSON',
    (v) => requestOf(v, { type: 'text/plain', body: '{"drain":false}' }),
  ],
  [
    'JSON that says it is a form too',
    (v) => requestOf(v, { type: 'text/plain; application/json' }),
  ],
  ['JSON without a type', (v) => requestOf(v, { type: undefined })],
  [
    'the token as a cookie',
    (v) => requestOf(v, { token: undefined, headers: [`Cookie: token=${v.tokens.admin}`] }),
  ],
]

const methods: readonly Attack[] = [
  [
    'a POST by override of GET',
    (v) => getOf(v, { target: '/v1/stop', headers: ['X-HTTP-Method-Override: POST'] }),
  ],
  ['a method in the body', (v) => requestOf(v, { body: '{"_method":"DELETE"}' })],
  ['TRACE, to be sent the token back', (v) => getOf(v, { method: 'TRACE' })],
  ['CONNECT, as to a proxy', (v) => getOf(v, { method: 'CONNECT', target: 'evil.example:80' })],
  ['DELETE', (v) => getOf(v, { method: 'DELETE', target: '/v1/checkpoints' })],
  [
    'PUT of code',
    (v) => requestOf(v, { method: 'PUT', target: '/v1/job', body: 'export default 1' }),
  ],
  [
    'POST of code',
    (v) => requestOf(v, { target: '/v1/jars/upload', type: 'text/javascript', body: '1' }),
  ],
  ['a method in small letters', (v) => requestOf(v, { method: 'post' })],
  ['a method that does not exist', (v) => requestOf(v, { method: 'STOP' })],
  ['HEAD', (v) => getOf(v, { method: 'HEAD' })],
]

export const ATTACKS: readonly Attack[] = [
  ...paths,
  ...places,
  ...hosts,
  ...moreHosts,
  ...origins,
  ...pagesOfOthers,
  ...methods,
]
