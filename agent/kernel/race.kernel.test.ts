import { expect, test } from 'vitest'
import { ownDescriptor } from './test/descriptors.ts'
import { ledger } from './test/ledger.ts'
import { openTestKernel, type TestKernel } from './test/open.ts'
import { startTraffic, startWalking } from './test/traffic.ts'
import { LINGER, objectVariant } from './test/variant.ts'

/** Thousands of connections come and go on every CPU while the iterator runs and maps are swapped all the time. */
async function expectExactInRace(kernel: TestKernel): Promise<void> {
  await using traffic = startTraffic('race')
  const counts = ledger(kernel, traffic)
  await traffic.next()

  const progress = { isDone: false }
  const finished = traffic.next().finally(() => {
    progress.isDone = true
  })
  const walker = startWalking(ownDescriptor(/^link_type:\s+iter$/m))
  let drains = 0
  while (!progress.isDone) {
    await counts.drain()
    drains++
  }
  const services = await finished
  const walks = await walker.stop()
  await counts.drain()

  expect(services.map(counts.counted)).toEqual(services)
  expect(await kernel.lostBytes()).toEqual({})
  expect(services.every(service => service.client.opened > 1000)).toBe(true)
  expect(drains).toBeGreaterThan(10)
  expect(walks).toBeGreaterThan(100)
}

test('drains while connections open and close lose nothing and count nothing twice', async () => {
  using kernel = openTestKernel()
  await expectExactInRace(kernel)
})

test.each([
  ['looks at it', 'look_at(slot->sk, &sight);'],
  ['is about to report what it saw', 'struct flow_value *flow = flow_of_slot(slot);'],
])('nor when a socket becomes another connection while the iterator %s', async (_, step) => {
  using variant = objectVariant('live.bpf.c', step, `${LINGER} ${step}`)
  // So small a table that another socket takes the place over at once.
  using kernel = openTestKernel({ ...variant, maxSockets: 256 })
  await expectExactInRace(kernel)
})

test('a close is counted also when the kernel skips a program that is just running on that CPU', async () => {
  const check = 'if (sk->sk_protocol != IPPROTO_TCP)'
  using variant = objectVariant('tcp_state.bpf.c', check, `${LINGER} ${check}`)
  using kernel = openTestKernel(variant)
  // Whether timers fire in the middle of a program is chance: mostly they do the first time.
  for (let attempt = 1; attempt <= 5 && (await kernel.skippedRuns()) === 0; attempt++) {
    await using traffic = startTraffic('timeouts')
    const counts = ledger(kernel, traffic)
    const services = await traffic.next()
    await counts.drain()
    expect(services.map(counts.counted)).toEqual(services)
  }
  expect(await kernel.skippedRuns()).toBeGreaterThan(0)
})
