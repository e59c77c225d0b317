import { execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { startAgent, type AgentProcess } from './test/agent-process.ts'
import { converse, testCgroup } from './test/loopback.ts'

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

test('with `udp: off` no series tells of UDP, and no program sees it', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-udp-off-'))
  const config = join(folder.path, 'config.yaml')
  writeFileSync(config, 'udp: off\n')
  const options = ['--sink=stdout,format=json', '--listen=127.0.0.1:0', '--interval=1s']
  const paths = ['--config', config, '--pin-directory=', '--bytecode', bpfObject()]
  await using agent = startAgent([...options, ...paths])
  await agent.waitFor('podatlas_agent_udp_mode', { mode: 'off' }, 1)
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  await once(server, 'listening')
  let received = 0
  server.on('message', ({ length }) => (received += length))
  using cgroup = testCgroup('no-udp.service')
  const script = `echo $$ > "$0/cgroup.procs"; printf hello > /dev/udp/127.0.0.1/${server.address().port}`
  spawnSync('bash', ['-c', script, cgroup.folder], { stdio: 'inherit' })
  await vi.waitFor(() => expect(received).toBe(5))
  // Counted after it: what the datagram carried would be told by now.
  await using conversation = await converse(cgroup.folder, 12_345, 67)
  const labels = { container_name: 'no-udp.service', protocol: 'tcp', role: 'client' }
  const service = { ...labels, destination_port: String(conversation.port) }
  await agent.waitFor('podatlas_transmit_bytes_total', service, 12_345)
  expect(agent.lines.filter(({ labels: { protocol } }) => protocol === 'udp')).toEqual([])
  expect(attachedTo(cgroup.folder)).toBe(0)
  expect(programsOf(agent.pid).filter(name => name.startsWith('udp_'))).toEqual([])
  expect(programsOf(agent.pid)).toContain('tcp_state')
  server.close()
})

/** Names of the BPF programs that a process has open, as bpftool tells. */
function programsOf(pid: number): string[] {
  const facts = readdirSync(`/proc/${pid}/fdinfo`).map(fd =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
  )
  const ids = facts.flatMap(text => /^prog_id:\t(\d+)$/m.exec(text)?.[1] ?? [])
  return [...new Set(ids)].map(id => {
    const shown = execFileSync('bpftool', ['-j', 'prog', 'show', 'id', id], { encoding: 'utf8' })
    return String(JSON.parse(shown).name)
  })
}

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
  const programs: unknown[] = JSON.parse(shown.trim() || '[]')
  return programs.length
}
