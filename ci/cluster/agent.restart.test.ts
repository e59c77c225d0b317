import { expect, test, vi } from 'vitest'
import { agent, changeValues, programsOfAgent, untilHolding, untilReplaced } from './agent.ts'
import { processOf } from './containers.ts'
import { datagrams, startPump, streams, visits } from './pump.ts'
import { kubectl } from './running.ts'

const patience = { timeout: 90_000, interval: 500 }

test('an agent that is killed and one that is replaced in the middle of transfers lose no byte', async () => {
  const pump = await startPump('steady', [streams, visits, datagrams])
  const first = await agent()
  const pid = await processOf(first)
  const programs = await programsOfAgent()
  // Just after a delivery: the samples that a killed process has on their way are nowhere else.
  await pump.untilMore()
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(async () => {
    expect(await agent()).toMatchObject({ restartCount: first.restartCount + 1, ready: true })
  }, patience)
  await untilHolding(programs)
  await pump.untilMore()

  await kubectl(['-n', 'podatlas', 'rollout', 'restart', 'daemonset/podatlas-agent'])
  await untilReplaced(first)
  await untilHolding(programs)
  await pump.untilMore()

  await pump.allIsCounted()
})

test('an agent with maps of other sizes loses no byte of open connections', async () => {
  const pump = await startPump('resized', [streams])
  await changeValues('agent.kernel.maxFlows=16384,agent.kernel.maxSockets=65536')
  await pump.untilMore()
  await pump.allIsCounted()
})
