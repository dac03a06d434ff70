// Storages whose package is not installed say which one it is.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { start, temporaryFolder } from '../../cli/cli.ts'

const needed: readonly (readonly [place: string, needs: string])[] = [
  ['s3://jobs/orders', '@aws-sdk/client-s3'],
  ['cassandra://node/jobs/orders', 'cassandra-driver'],
]

for (const [place, needs] of needed) {
  it(`${place} names the package that is missing`, async (t) => {
    const folder = temporaryFolder()
    t.after(() => folder.remove())
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ resolve: (name, context, next) => {
        if (name !== '${needs}') return next(name, context)
        const message = "Cannot find module '" + name + "'"
        throw Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' })
      } })`
    const encoded = Buffer.from(hook).toString('base64')
    const environment = { NODE_OPTIONS: `--import=data:text/javascript;base64,${encoded}` }
    const { code, err } = await start(folder.path, ['checkpoint', 'ls', place], environment).ended
    assert.equal(code, 1)
    assert.ok(err.includes(`needs the package ${needs}, which is not installed`), err)
    assert.ok(err.includes(`npm install ${needs}`), err)
    assert.match(err, /PACKAGE_UNAVAILABLE/)
  })
}
