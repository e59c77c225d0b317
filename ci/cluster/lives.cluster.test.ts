import { beforeAll, expect, test, vi } from 'vitest'
import { untilAgreed, untilSent } from './agreement.ts'
import { type Container, containers, processOf } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { createPod, podAddress, podOf, untilDone, untilReceived } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'

const patience = { timeout: 90_000, interval: 250 }
const place = '192.0.2.20'

beforeAll(async () => {
  for (const name of ['restarted', 'gone']) await createNamespace(kubectl, name)
})

test.concurrent('a container that crashed and is started again goes on in the same series', async () => {
  const crasher = ['call', `${place}:7000,send=50021,receive=70003,hold`]
  const neighbour = ['call', `${place}:7000,send=20011,receive=30011,hold`]
  await createPod('restarted', 'pair', podOf({ crasher, neighbour }))
  await untilDone('restarted', ['pair/crasher', 'pair/neighbour'])
  await untilAgreed('restarted')
  const before = await crasherNow()
  const counted = (await podCounts('restarted')).get('pair/crasher')!
  process.kill(await processOf(before), 'SIGKILL')
  const after = await vi.waitFor(async () => {
    const now = await crasherNow()
    expect(now).toMatchObject({ restartCount: 1, ready: true })
    return now
  }, patience)
  expect(after.containerID).not.toBe(before.containerID)
  await untilDone('restarted', ['pair/crasher'])
  await untilAgreed('restarted', new Map([['pair/crasher', counted]]))
  const sent = `podatlas_transmit_bytes_total{k8s_namespace="restarted",container_name="crasher"}`
  expect(await promql(sent)).toMatchObject([{ value: 2 * 50_021 }])
  expect(await promql(`resets(${sent}[10m])`)).toMatchObject([{ value: 0 }])
})

test.concurrent('what a pod sends while it is shut down is its own, after it is gone', async () => {
  const args = ['call', `${place}:7000,send=30011,receive=4001,hold,farewell=80021,after=500`]
  await createPod('gone', 'leaver', podOf({ talker: args }))
  await untilDone('gone', ['leaver/talker'])
  const address = await podAddress('gone', 'leaver')
  await kubectl(['-n', 'gone', 'delete', 'pod', 'leaver'])
  // Its log went with it; those to whom it sent have counted, too.
  await untilReceived(address, 30_011 + 80_021)
  await untilSent('gone', 'k8s_pod', { leaver: 30_011 + 80_021 })
})

async function crasherNow(): Promise<Container> {
  return (await containers('restarted')).find(({ name }) => name === 'crasher')!
}
