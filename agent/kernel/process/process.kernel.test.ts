import { expect, test } from 'vitest'
import { openTestKernel } from '../test/open.ts'
import { processLedger, truthOf, type ProcessTruth } from '../test/process-ledger.ts'
import { processScenarios } from '../test/processes.ts'
import { compareInRace } from '../test/races.ts'
import { testScenarios } from '../test/scenario-tests.ts'
import { startTraffic } from '../test/traffic.ts'
import { openUdpKernel } from '../test/udp.ts'
import { objectVariant } from '../test/variant.ts'

testScenarios(processScenarios)

test('drains while connections of many processes open and close lose nothing and count nothing twice', async () => {
  // So few places that they are taken over all the time, with the words beside them.
  using kernel = openTestKernel({ processes: true, maxSockets: 256 })
  await compareInRace(kernel)
})

test('a process whose name cannot be kept is named as a drop, and its bytes are still its own', async () => {
  using variant = objectVariant({
    file: 'processes.h',
    before: 'bpf_map_update_elem(&process_names, &process, &name, BPF_ANY)',
    after: 'bpf_map_update_elem(&process_names, &process, &name, BPF_EXIST)',
  })
  using kernel = openTestKernel({ ...variant, processes: true })
  await using traffic = startTraffic<ProcessTruth>('processes-gone')
  const counts = processLedger({ kernel, programs: kernel.programs }, traffic)
  const truth = await traffic.next()
  await counts.drain()
  const nameless = truth.map(one => ({ ...one, command: '' }))
  expect(counts.counted()).toEqual(truthOf(nameless))
  expect(kernel.drops()['process_unnamed']).toBeGreaterThan(0)
})

test('where the kernel has no memory to remember whose a UDP socket is, that is named, and what was sent has its process', async () => {
  // Only by cgroup: what runs for a packet meets any process.
  using variant = objectVariant('no-fentry')
  await using parts = await openUdpKernel({ ...variant, processes: true })
  expect(parts.mode).toBe('cgroup')
  await using traffic = startTraffic<ProcessTruth>('processes-udp-no-storage')
  const counts = processLedger(parts, traffic)
  parts.settle()
  await traffic.next()
  const truth = await traffic.next()
  await counts.drain()
  const whoSent = truth.flatMap(({ name, port, role, received, ...one }) => [
    { ...one, name, port, role, received: 0 },
    { name, port, role, opened: 0, sent: 0, received },
  ])
  expect(counts.counted()).toEqual(truthOf(whoSent))
  const drops = [...parts.telemetry.kernelDrops.readings.values()]
  const unremembered = drops.find(({ labels }) => labels.reason === 'process_socket_storage')
  // Both families: two datagrams are sent by the client, one by the server.
  expect(unremembered?.value).toBeGreaterThanOrEqual(2 * 3)
})
