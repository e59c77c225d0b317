import { execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { startAgent, type AgentProcess } from './test/agent-process.ts'
import { testCgroup } from './test/loopback.ts'

// The real `node agent/main.ts` and a process that uses UDP for some milliseconds.

test('the datagrams of a cgroup that is gone before the agent looks carry its name', async () => {
  const bytecode = bpfObject()
  const options = ['--sink=stdout,format=json', '--listen=127.0.0.1:0', '--interval=1s']
  await using agent = startAgent([...options, '--pin-directory=', `--bytecode=${bytecode}`])
  await agent.waitFor('podatlas_agent_kernel_origin', { origin: 'loaded' }, 1)
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  await once(server, 'listening')
  let received = 0
  server.on('message', ({ length }) => (received += length))
  const { port } = server.address()
  {
    using cgroup = testCgroup('brief.service')
    if (await isCountedByCgroup(agent)) {
      await vi.waitFor(() => expect(attachedTo(cgroup.folder)).toBe(2), 20_000)
    }
    // Each of them is a socket of its own.
    const script = `echo $$ > "$0/cgroup.procs"; for i in 1 2 3 4 5; do
      printf hello > /dev/udp/127.0.0.1/${port}; done`
    spawnSync('bash', ['-c', script, cgroup.folder], { stdio: 'inherit' })
  }
  const labels = { container_name: 'brief.service', protocol: 'udp', role: 'client' }
  const service = { ...labels, destination_port: String(port) }
  await agent.waitFor('podatlas_transmit_bytes_total', service, 25)
  await agent.waitFor('podatlas_transmit_datagrams_total', service, 5)
  await vi.waitFor(() => expect(received).toBe(25))
  server.close()
})

async function isCountedByCgroup({ lines }: AgentProcess): Promise<boolean> {
  const isMode = (mode: string) =>
    lines.some(
      ({ name, labels, value }) =>
        name === 'podatlas_agent_udp_mode' && labels['mode'] === mode && value === 1,
    )
  await vi.waitFor(() => expect(['fentry', 'cgroup'].some(isMode)).toBe(true), 20_000)
  return isMode('cgroup')
}

function attachedTo(folder: string): number {
  const shown = execFileSync('bpftool', ['-j', 'cgroup', 'show', folder], { encoding: 'utf8' })
  const programs: unknown[] = JSON.parse(shown || '[]')
  return programs.length
}
