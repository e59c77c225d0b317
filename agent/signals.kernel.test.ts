import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { freePorts } from '../ci/ports.ts'
import { startAgent } from './test/agent-process.ts'

// The real `node agent/main.ts` on the real kernel; this process is both ends.

const ARGUMENTS = ['--listen=127.0.0.1:0', '--interval=1s', '--pin-directory=']
const to = (port: number, role: 'client' | 'server') => ({
  destination_ip: '127.0.0.1',
  destination_port: String(port),
  role,
})

test('who refused, who reset and how far away the other end is, is told per target', async () => {
  const [closedPort = 0] = await freePorts('any')
  await using agent = startAgent([
    ...ARGUMENTS,
    `--bytecode=${bpfObject()}`,
    '--sink=stdout,format=json',
  ])
  await agent.waitFor('podatlas_agent_drain_failures_total', {}, 0)

  const refused = connect(closedPort, '127.0.0.1')
  expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }])

  const server = createServer(socket => {
    socket.on('data', () => socket.write(Buffer.alloc(5_000)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port = 0 } = Object(server.address())
  const accepted = once(server, 'connection')
  const client = connect(port, '127.0.0.1')
  client.write(Buffer.alloc(1_000))
  await once(client, 'data')
  await agent.waitFor('podatlas_tcp_rtt_seconds_count', to(port, 'client'), 'more than 0')
  const [socket] = await accepted
  socket.resetAndDestroy()
  expect(await once(client, 'error')).toMatchObject([{ code: 'ECONNRESET' }])
  server.close()

  const failed = { ...to(closedPort, 'client'), reason: 'refused' }
  await agent.waitFor('podatlas_connections_failed_total', failed, 1)
  const reset = 'podatlas_connections_reset_total'
  await agent.waitFor(reset, { ...to(port, 'server'), by: 'local' }, 1)
  await agent.waitFor(reset, { ...to(port, 'client'), by: 'remote' }, 1)

  const values = (name: string) =>
    agent.lines
      .filter(line => line.name === name && line.labels['destination_port'] === String(port))
      .flatMap(({ value }) => value ?? [])
  const least = values('podatlas_tcp_rtt_min_seconds')
  expect(Math.min(...least)).toBeGreaterThan(0)
  // Loopback: far below a second, and a time in microseconds would be far above.
  expect(Math.max(...least, ...values('podatlas_tcp_rtt_seconds_sum'))).toBeLessThan(1)
  // The target of the refused connection has nothing but its bytes and that.
  const names = agent.lines
    .filter(({ labels }) => labels['destination_port'] === String(closedPort))
    .map(({ name }) => name)
  expect(new Set(names)).toEqual(
    new Set([
      'podatlas_transmit_bytes_total',
      'podatlas_receive_bytes_total',
      'podatlas_connections_failed_total',
    ]),
  )
})
