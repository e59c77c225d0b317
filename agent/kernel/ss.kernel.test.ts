import { execFileSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import { decodeFlows } from '../drain/flows.ts'
import type { Role } from '../model.ts'
import { converse, testCgroup } from '../test/loopback.ts'
import { openTestKernel } from './test/open.ts'

/** The opener's SYN takes a sequence number, which TCP counts as acknowledged: no byte that anybody sent. */
const SYN = 1

test('an open connection carries at both ends what ss -tino tells of it', async () => {
  using kernel = openTestKernel()
  using cgroup = testCgroup('told-by-ss.service')
  for (const [request, answer] of [
    [1, 1],
    [12_345, 67],
    [89, 300_000],
  ] as const) {
    await using conversation = await converse(cgroup.folder, request, answer)
    const { port } = conversation
    const told = () => ({ client: toldBySs('dport', port), server: toldBySs('sport', port) })
    // The last acknowledgement may still be on its way.
    await vi.waitFor(() => expect(told().server.bytes_acked).toBe(answer), 5_000)
    const { client, server } = told()
    const drained = await kernel.drain()
    const flows = decodeFlows(drained).filter(({ servicePort }) => servicePort === port)
    const sums = (role: Role) =>
      flows
        .filter(flow => flow.role === role)
        .map(({ bytesSent, bytesReceived }) => ({ bytesSent, bytesReceived }))
    expect({ client: sums('client'), server: sums('server') }).toEqual({
      client: [{ bytesSent: client.bytes_acked - SYN, bytesReceived: client.bytes_received }],
      server: [{ bytesSent: server.bytes_acked, bytesReceived: server.bytes_received }],
    })
    drained.release()
  }
})

/** What it prints of the one connection whose port this is at that end; it leaves out zeros. */
function toldBySs(end: 'sport' | 'dport', port: number) {
  const lines = execFileSync('ss', ['-tinoHO', `${end} = :${port}`], { encoding: 'utf8' })
  const [line = '', ...others] = lines.trim().split('\n')
  expect({ line, others }).toEqual({ line: expect.stringMatching(/^ESTAB /), others: [] })
  const read = (field: string) => Number(new RegExp(` ${field}:(\\d+)`).exec(line)?.[1] ?? 0)
  return { bytes_acked: read('bytes_acked'), bytes_received: read('bytes_received') }
}
