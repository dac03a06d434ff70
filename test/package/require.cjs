// A CommonJS program can load the package, because nothing in it awaits at the top level.
const assert = require('node:assert')
const { job, run } = require('millrace')
assert.equal(typeof job, 'function')
assert.equal(typeof run, 'function')
