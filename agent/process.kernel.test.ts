import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { startAgent, type Line } from './test/agent-process.ts'
import { converse, testCgroup } from './test/loopback.ts'

const sent = 'podatlas_transmit_bytes_total'
const received = 'podatlas_receive_bytes_total'

/** With the settings in a file, as a chart writes them. */
function startWith(settings: string) {
  const folder = mkdtempSync(join(tmpdir(), 'podatlas-agent-'))
  const file = join(folder, 'agent.yaml')
  writeFileSync(file, settings)
  const options = ['--bytecode', bpfObject(), '--listen=127.0.0.1:0', '--interval=1s']
  const sink = ['--sink', 'stdout,format=json', '--pin-directory=']
  const agent = startAgent([...options, ...sink, '--config', file])
  return {
    agent,
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

const processLabels = ({ labels }: Pick<Line, 'labels'>) =>
  labels['process_pid'] ?? labels['process_cmd']

test('with processes on, each end is named by the pid and the command of its process', async () => {
  using cgroup = testCgroup('shop.service')
  await using started = startWith('processes: on\n')
  const { agent } = started
  await agent.waitFor('podatlas_agent_kernel_origin', { origin: 'loaded' }, 1)
  await using conversation = await converse(cgroup.folder, 54_321, 12_345)
  const common = { destination_ip: '127.0.0.1', destination_port: String(conversation.port) }
  await agent.waitFor(sent, { ...common, role: 'client' }, 54_321)
  const client = agent.lines.findLast(
    ({ name, labels }) =>
      name === sent &&
      labels['role'] === 'client' &&
      labels['destination_port'] === common.destination_port,
  )
  // bash connects, and becomes `wc` in the end.
  expect(client?.labels).toMatchObject({
    process_pid: expect.stringMatching(/^\d+$/),
    process_cmd: expect.stringMatching(/^(?:bash|wc)$/),
  })
  const pid = String(process.pid)
  await agent.waitFor(sent, { ...common, role: 'server', process_pid: pid }, 12_345)
  await agent.waitFor(received, { ...common, role: 'server', process_pid: pid }, 54_321)
})

test('by default no series tells of processes', async () => {
  using cgroup = testCgroup('shop.service')
  await using started = startWith('nodeName: node-1\n')
  const { agent } = started
  await agent.waitFor('podatlas_agent_kernel_origin', { origin: 'loaded' }, 1)
  await using conversation = await converse(cgroup.folder, 54_321, 12_345)
  const client = { destination_port: String(conversation.port), role: 'client' }
  await agent.waitFor(sent, client, 54_321)
  expect(agent.lines.filter(processLabels)).toEqual([])
})
