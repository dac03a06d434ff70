import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBudget, memoryBudgetOf } from '../../src/runtime/memory.ts'

test('a stated budget is granted as it is, a default gives way to what others have', () => {
  const budget = new MemoryBudget()
  const first = budget.claim(800, false)
  assert.equal(first.bytes, 800)
  assert.equal(budget.claim(800, false).bytes, 100)
  assert.equal(budget.claim(5_000, true).bytes, 5_000)
  first.release()
  first.release()
  assert.equal(budget.grantedBytes, 5_100)
})

test('each host has one budget', () => {
  const host = {}
  assert.equal(memoryBudgetOf(host), memoryBudgetOf(host))
  assert.notEqual(memoryBudgetOf(host), memoryBudgetOf({}))
})
