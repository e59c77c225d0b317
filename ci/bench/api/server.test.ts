import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { simulateCluster } from './collections.ts'
import { apiContract, type ApiUnderTest } from './contract.ts'
import { nodeNameOf, podLife, STATES, type PodState } from './life.ts'
import { askApi } from './request.ts'
import { startSimulatedApiServer } from './server.ts'
import { PODS_PER_NODE } from './workloads.ts'

// The same is asked of the real API server in api-server.cluster.test.ts.

const opened = new AsyncDisposableStack()
let api: ApiUnderTest

beforeAll(async () => {
  const cluster = simulateCluster(2)
  const server = opened.use(await startSimulatedApiServer(cluster))
  const { url, caFile } = server.addressFor('test')
  const podAt = (slot: number, state: PodState) => {
    for (let step = 0; step < STATES.indexOf(state); step++) cluster.change(slot)
    const name = podLife(slot, cluster.pods.history.stepOf(slot))?.name ?? ''
    return { name, change: () => Promise.resolve(cluster.change(slot)) }
  }
  const stays = podAt(7, 'running')
  const leaves = podAt(8, 'terminating')
  const comes = podAt(9, 'unscheduled')
  const elsewhere = podAt(PODS_PER_NODE + 7, 'running')
  api = {
    access: { url, tls: { ca: readFileSync(caFile) }, token: 'test' },
    node: nodeNameOf(0),
    pods: { stays: stays.name, leaves: leaves.name, comes: comes.name, elsewhere: elsewhere.name },
    happen: {
      'stays changes': stays.change,
      'elsewhere changes': elsewhere.change,
      'comes is bound': comes.change,
      'leaves is deleted': leaves.change,
    },
  }
})
afterAll(() => opened.disposeAsync())

apiContract(() => api)

// watch_cache.go: "too old resource version". A real server would have to be kept busy for it.
test('a version that is forgotten is answered by an event that says 410', async () => {
  const path = '/api/v1/pods?watch=1&resourceVersion=1&timeoutSeconds=1'
  const { status, text } = await askApi(api.access, path)
  expect(status).toBe(200)
  expect(JSON.parse(text)).toMatchObject({
    type: 'ERROR',
    object: {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
    },
  })
})
