import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { freePorts } from '../ci/ports.ts'
import { startAgent } from './test/agent-process.ts'
import { converse, testCgroup } from './test/loopback.ts'

// The real `node agent/main.ts`, which executes itself anew once its programs are in the kernel.

const OPTIONS = ['--bytecode', bpfObject(), '--listen=127.0.0.1:0', '--interval=1s']
const JSON_SINK = ['--pin-directory=', '--sink', 'stdout,format=json']
const PASSWORD = 'very-secret-7f3a'

test.each([
  ['command line', (sink: string) => ({ args: ['--sink', sink], env: {} })],
  [
    'variable CONVIS_ARGS',
    (sink: string) => ({ args: [], env: { CONVIS_ARGS: `--sink ${sink}` } }),
  ],
])('a password of the %s reaches the sink, and is not in /proc of what runs', async (_, told) => {
  const [port = 0] = await freePorts('any')
  await using receiver = createServer((_request, response) => response.end())
  receiver.listen(port, '127.0.0.1')
  const endpoint = `endpoint=http://127.0.0.1:${port}/api/v1/write`
  const { args, env } = told(`prometheus,${endpoint},username=me,password=${PASSWORD}`)
  await using agent = startAgent([...OPTIONS, '--pin-directory=', ...args], env)
  const [request]: IncomingMessage[] = await once(receiver, 'request')
  const basic = Buffer.from(`me:${PASSWORD}`).toString('base64')
  expect(request?.headers.authorization).toBe(`Basic ${basic}`)

  const folder = `/proc/${agent.pid}`
  for (const file of ['environ', 'cmdline'])
    expect(readFileSync(`${folder}/${file}`, 'utf8'), file).not.toContain(PASSWORD)
  const open = readdirSync(`${folder}/fd`).map(fd => readlinkSync(`${folder}/fd/${fd}`))
  expect(open.filter(path => path.includes('memfd'))).toEqual([])
  await agent.end('SIGTERM')
  receiver.closeAllConnections()
})

test('an agent that cannot execute itself anew says so in a line, and counts all the same', async () => {
  using cgroup = testCgroup('shop.service')
  const env = { NODE_OPTIONS: '--import data:text/javascript,process.execve=undefined' }
  await using agent = startAgent([...OPTIONS, ...JSON_SINK], env)
  await vi.waitFor(() => expect(agent.lines.length).toBeGreaterThan(0), 60_000)
  await using conversation = await converse(cgroup.folder, 54_321, 12_345)
  const client = { role: 'client', container_name: 'shop.service' }
  await agent.waitFor('podatlas_transmit_bytes_total', client, 54_321)
  await conversation.close()
  const { code, stderr } = await agent.end('SIGTERM')
  expect(code).toBe(0)
  expect(stderr.match(/warning .*/g)).toEqual([
    expect.stringMatching(/^warning the agent keeps its capabilities: .*process\.execve/),
  ])
})
