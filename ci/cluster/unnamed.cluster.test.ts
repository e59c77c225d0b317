import { beforeAll, expect, test, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { containers, onlyContainer, processOf } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { createPod, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'
import { whileApiServerIsSilent } from './silence.ts'

const place = '192.0.2.10'
const patience = { timeout: 20_000, interval: 250 }
const talker = podOf({ talker: ['call', `${place}:7000,send=70001,receive=3001,hold`] })

beforeAll(async () => {
  await createNamespace(kubectl, 'unnamed')
  await createPod('unnamed', 'older', talker)
  await untilDone('unnamed', ['older/talker'])
  await untilAgreed('unnamed')
})

test('bytes of containers that began while the API server was silent wait for their names', async () => {
  const before = await podCounts('unnamed')
  const older = await processOf(await onlyContainer('unnamed'))
  await whileApiServerIsSilent(async () => {
    process.kill(older, 'SIGKILL')
    await createPod('unnamed', 'younger', talker)
    await vi.waitFor(async () => {
      const started = (await containers('unnamed')).map(({ restartCount }) => restartCount)
      expect(started).toContain(1)
    }, patience)
    await untilDone('unnamed', ['older/talker', 'younger/talker'])
    await vi.waitFor(async () => {
      const [held] = await promql('podatlas_agent_held_bytes')
      expect(held?.value).toBeGreaterThanOrEqual(2 * (70_001 + 3001))
    }, patience)
    const byPod = 'sum by (k8s_pod) (podatlas_transmit_bytes_total{k8s_namespace="unnamed"})'
    expect(await promql(byPod)).toEqual([{ labels: { k8s_pod: 'older' }, value: 70_001 }])
    await nothingIsCountedById()
  })
  await untilAgreed('unnamed', before)
  await nothingIsCountedById()
})

/** A container whose name does not come in time is counted under the begin of its id. */
async function nothingIsCountedById(): Promise<void> {
  const byId = `podatlas_transmit_bytes_total{container_name=~"[0-9a-f]{12}",destination_ip="${place}"}`
  expect(await promql(byId)).toEqual([])
}
