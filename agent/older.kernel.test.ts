import { test } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { ownerOf, startTraffic } from './kernel/test/traffic.ts'
import { startAgent } from './test/agent-process.ts'

// The real `node agent/main.ts`, which has no capability left when it searches.

test('connections older than the agent show what they carry from its start on', async () => {
  await using traffic = startTraffic('seed')
  await traffic.next()
  const options = ['--sink=stdout,format=json', '--listen=127.0.0.1:0', '--interval=1s']
  await using agent = startAgent([...options, '--pin-directory=', '--bytecode', bpfObject()])
  await agent.waitFor('podatlas_agent_kernel_sockets_seeded_total', {}, 'more than 0')
  await traffic.next()
  await traffic.next()
  const services = await traffic.next()
  for (const { name, port, client } of services) {
    if (name !== 'waits to be accepted') continue
    const labels = { destination_port: String(port) }
    for (const role of ['client', 'server'] as const) {
      const ofRole = { ...labels, role, container_name: ownerOf(role) }
      const [sent, received] = role === 'client' ? ['transmit', 'receive'] : ['receive', 'transmit']
      await agent.waitFor(`podatlas_${sent}_bytes_total`, ofRole, client.sent)
      await agent.waitFor(`podatlas_${received}_bytes_total`, ofRole, client.received)
    }
  }
  await agent.end('SIGTERM')
})
