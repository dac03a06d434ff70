/**
 * Options of how a running job is asked over HTTP. Who runs the job says so, not its code: so none
 * of them can be given there.
 */

import type { OptionSpec } from './option-spec.ts'

const notInCode = ['file', 'environment', 'run'] as const

export const CONTROL_OPTIONS = {
  'control.http': {
    type: 'boolean',
    default: false,
    places: notInCode,
    summary: 'Whether the running job can be asked over HTTP too, by whoever has a token of it.',
  },
  'control.address': {
    type: 'string',
    default: '127.0.0.1',
    places: notInCode,
    summary: 'The IP address for HTTP; one that other machines reach needs a certificate, too.',
  },
  'control.port': {
    type: 'integer',
    default: 0,
    defaultText: 'one that is free',
    min: 0,
    max: 65_535,
    places: notInCode,
    summary: 'The port for HTTP; `millrace list --json` tells which it is.',
  },
  'control.hosts': {
    type: 'names',
    default: [],
    defaultText: 'the address and localhost',
    places: notInCode,
    summary: 'Other names by which clients call the server for HTTP, such as that of a proxy.',
  },
  'control.certificate': {
    type: 'string',
    default: undefined,
    defaultText: 'none: HTTP without TLS',
    places: notInCode,
    summary: 'The file with the certificate of the server for HTTP, and those above it (PEM).',
  },
  'control.key': {
    type: 'string',
    default: undefined,
    defaultText: 'none',
    places: notInCode,
    summary: "The file with the certificate's private key (PEM).",
  },
  'control.clientAuthority': {
    type: 'string',
    default: undefined,
    defaultText: 'none: clients need no certificate',
    places: notInCode,
    summary: 'The file with the authorities (PEM) that clients need a certificate of (mutual TLS).',
  },
  'control.savepoints': {
    type: 'names',
    default: [],
    defaultText: "`savepoints` in the job's folder",
    places: notInCode,
    summary: 'The folders in which requests over HTTP may have savepoints written.',
  },
  'control.auditSize': {
    type: 'size',
    default: 8 * 1024 ** 2,
    min: 64 * 1024,
    places: notInCode,
    summary: "Of each of the eight files that the job's audit log may take.",
  },
} as const satisfies Record<string, OptionSpec>
