// The backend in memory keeps the contract of backends.
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'

backendSuite({ test, name: 'hashmap', choose: () => hashmap(), evicts: false })
