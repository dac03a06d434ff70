// Certificates for the tests of TLS, made anew for each run: none is kept, none runs out.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Certificate {
  readonly name: string
  /** PEM. */
  readonly certificate: string
  readonly key: string
  readonly privateKey: KeyObject
}

const SEQUENCE = 0x30
const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
const TRUE = Buffer.from('0101ff', 'hex')

const HERE = ['127.0.0.1', 'localhost'] as const

/** Signed by `issuer`, or by itself: then it may sign others. For this machine, or other hosts. */
export function certificateFor(
  name: string,
  issuer?: Certificate,
  hosts: readonly string[] = HERE,
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = der(SEQUENCE, ...hosts.map(hostOf))
  const extension =
    issuer === undefined
      ? der(SEQUENCE, BASIC_CONSTRAINTS, TRUE, der(0x04, der(SEQUENCE, TRUE)))
      : der(SEQUENCE, ALTERNATIVE_NAME, der(0x04, names))
  const content = der(
    SEQUENCE,
    der(0xa0, Buffer.of(2, 1, 2)),
    der(0x02, Buffer.of(1 + (name.length % 100))),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? name),
    der(SEQUENCE, timeOf('200101000000Z'), timeOf('491231235959Z')),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  )
  const signature = sign('sha256', content, issuer?.privateKey ?? privateKey)
  const whole = der(SEQUENCE, content, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature))
  const lines = whole.toString('base64').replaceAll(/.{64}/g, '$&\n')
  return {
    name,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey,
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

function hostOf(host: string): Buffer {
  const isAddress = /^[\d.]+$/.test(host)
  return isAddress
    ? der(0x87, Buffer.from(host.split('.').map(Number)))
    : der(0x82, Buffer.from(host))
}

function nameOf(name: string): Buffer {
  return der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from(name)))))
}

function timeOf(text: string): Buffer {
  return der(0x17, Buffer.from(text))
}
