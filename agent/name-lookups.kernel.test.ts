import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { bpfObject } from '../ci/bpf/object.ts'
import { freePorts } from '../ci/ports.ts'
import { startAgent } from './test/agent-process.ts'

const ANSWERS_NOBODY = '127.53.53.53'
const SILENT = [1, 2, 3, 4, 5].map(number => `silent-${number}`)
// As the command line names several of one type.
const THEIR_SINKS = ['prometheus', ...[2, 3, 4, 5].map(number => `prometheus-${number}`)]

/** A command that becomes another one, for which only this server knows names, beside one in a file. */
function withNames(folder: string, known: string): string[] {
  const files = {
    'resolv.conf': `nameserver ${ANSWERS_NOBODY}\noptions timeout:30 attempts:5\n`,
    'nsswitch.conf': 'hosts: files dns\n',
    hosts: `127.0.0.1 ${known}\n`,
  }
  const mounts = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return `mount --bind ${join(folder, name)} /etc/${name}`
  })
  return ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$0" "$@"`]
}

/** Takes questions and never answers; gives the names asked for, once for each question that is no repetition. */
async function silentServer() {
  const socket = createSocket('udp4')
  const questions = new Map<string, string>()
  socket.on('message', message => {
    const type = message.readUInt16BE(message.length - 4)
    // An ID, and the name behind the head: its first label is enough.
    const label = message.toString('latin1', 13, 13 + (message[12] ?? 0))
    if (type === 1) questions.set(`${message.readUInt16BE(0)} ${label}`, label)
  })
  socket.bind(53, ANSWERS_NOBODY)
  await once(socket, 'listening')
  return {
    asked: () => [...questions.values()].toSorted(),
    [Symbol.asyncDispose]: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}

test('names of five sinks that nobody answers for are asked for once each, and the sixth sink sends', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-names-'))
  await using dns = await silentServer()
  const [port = 0] = await freePorts('any')
  const sinks = [...SILENT, 'known'].map(
    name => `prometheus,endpoint=http://${name}.test:${port}/,timeout=200ms`,
  )
  const args = ['--bytecode', bpfObject(), '--listen=127.0.0.1:0', '--interval=1s']
  const all = [...sinks, 'stdout,format=json'].flatMap(sink => ['--sink', sink])
  const wrapper = withNames(folder.path, 'known.test')
  await using agent = startAgent([...args, '--pin-directory=', ...all], {}, wrapper)
  await vi.waitFor(() => {
    const failures = agent.lines.filter(
      ({ name, labels, value = 0 }) =>
        name === 'podatlas_agent_sink_failures_total' &&
        labels['reason'] === 'timeout' &&
        value > 2,
    )
    const failing = new Set(failures.map(({ labels }) => labels['sink']))
    expect([...failing]).toEqual(expect.arrayContaining(THEIR_SINKS))
  }, 30_000)

  // It was away, so it has to be looked up now.
  const receiver = createServer((_request, response) => response.end())
  receiver.listen(port, '127.0.0.1')
  await once(receiver, 'request', { signal: AbortSignal.timeout(60_000) })
  expect(dns.asked()).toEqual(SILENT)
  await agent.end('SIGTERM')
  receiver.closeAllConnections()
  receiver.close()
})
