import { expect, test, vi } from 'vitest'
import { startAgentParts } from './test/agent-parts.ts'
import { fakeApiServer } from './test/fake-api-server.ts'
import { simulateTime } from './test/simulated-time.ts'

const HOUR_MS = 3_600_000
const ID = 'c'.repeat(64)

test.each([
  ['an hour back', -HOUR_MS],
  ['a day ahead', 24 * HOUR_MS],
  ['to 1970', -Infinity],
])(
  'a clock that is set %s costs no byte, no name and no order, and is told once',
  async (_where, stepMs) => {
    using time = simulateTime()
    await using server = await fakeApiServer()
    server.answerAll(({ query, response }) => {
      response.writeHead(200).flushHeaders()
      if (query.has('watch')) return
      const status = { containerStatuses: [{ name: 'server', containerID: `containerd://${ID}` }] }
      const metadata = { uid: 'a', namespace: 'shop', name: 'cart-0', resourceVersion: '7' }
      const items = [{ metadata, spec: { containers: [{ name: 'server' }] }, status }]
      response.end(JSON.stringify({ metadata: { resourceVersion: '10' }, items }))
    })
    await using agent = startAgentParts(server.address, time)
    const cart = agent.container('a', ID)
    const count = async (drains: number) => {
      for (let drain = 0; drain < drains; drain++) {
        agent.count({ cgroupId: cart, address: 0xc0_00_02_07, bytesSent: 1_000, bytesReceived: 10 })
        await agent.ticks(0)
      }
    }
    await count(5)
    vi.setSystemTime(Math.max(0, Date.now() + stepMs))
    await count(20)
    const aheadS = agent.value('podatlas_agent_stamps_ahead_seconds')
    // And back to where it was, as when the time service corrects itself.
    vi.setSystemTime(Date.now() + (stepMs === -Infinity ? 50 * 365 * 24 * HOUR_MS : -stepMs))
    await count(20)
    await agent.ticks(1)
    const { counted, offered } = agent.bytes()
    expect(offered).toBe(counted)
    expect(
      agent.value('podatlas_transmit_bytes_total', { k8s_pod: 'cart-0', container_name: 'server' }),
    ).toBe(45 * 1_000)
    expect(agent.isInOrder()).toBe(true)
    const told = agent.log.filter(line => /the clock was set back/.test(line))
    expect(told).toHaveLength(1)
    // Which way the clock went first.
    const aheadAtLastS = agent.value('podatlas_agent_stamps_ahead_seconds')
    expect(Math.max(aheadS, aheadAtLastS)).toBeGreaterThan(HOUR_MS / 1_000 - 60)
  },
)
