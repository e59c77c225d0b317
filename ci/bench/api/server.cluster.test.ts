import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { addresses } from '../../cluster/addresses.ts'
import { folders } from '../../cluster/running.ts'
import { apiContract } from './contract.ts'
import { prepareRealApi, type RealApi } from './real.ts'
import { sameObjects } from './same-objects.ts'

// What the benchmarks' simulated API server is measured by: the real one keeps the same contract, and
// would answer with the very pods, nodes and services that are simulated.

let api: RealApi

beforeAll(async () => {
  const tls = { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') }
  api = await prepareRealApi({ url: `https://${addresses.node}:6443`, tls })
})
afterAll(() => api[Symbol.asyncDispose]())

apiContract(() => api)
sameObjects(() => api)

function file(name: string): Buffer {
  return readFileSync(join(folders.certificates, name))
}
