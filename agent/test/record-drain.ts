import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { bpfObject } from '../../ci/bpf/object.ts'
import { findCgroupMount } from '../attribute/cgroup-tree.ts'
import { openKernel } from '../kernel/kernel.ts'
import { installPrograms } from '../kernel/programs.ts'
import { flowKey, flowSlot } from '../kernel/wire.gen.ts'
import { createTelemetry } from '../telemetry.ts'

// Writes recorded-drain.json anew: as root, `node agent/test/record-drain.ts`, after bpf/wire.h changed.
// It holds the bytes of one drain: this process sent 1,000 bytes to itself over IPv4 and got 2,000 back,
// and 30,000 and 40,000 over IPv6; the second connection was still open.

const cgroup = join(findCgroupMount(''), `podatlas-record-${process.pid}`)
mkdirSync(cgroup)
const before = join(
  findCgroupMount(''),
  readFileSync('/proc/self/cgroup', 'utf8').split('0::')[1] ?? '',
)
writeFileSync(join(cgroup, 'cgroup.procs'), String(process.pid))
try {
  await record()
} finally {
  writeFileSync(join(before.trim(), 'cgroup.procs'), String(process.pid))
  rmdirSync(cgroup)
}

async function record(): Promise<void> {
  const telemetry = createTelemetry('recorder', '0')
  const programs = installPrograms({
    bytecode: bpfObject(),
    sizes: { maxFlows: 1_024, maxOverflow: 1_024, maxSockets: 1_024 },
    log: console.error,
  })
  using kernel = openKernel({ programs, telemetry })
  const closed = await exchange('127.0.0.1', 1_000, 2_000)
  closed.destroy()
  const open = await exchange('::1', 30_000, 40_000)
  const { count, entries } = await kernel.drain()
  open.destroy()

  const hex = (start: number, { offset, size }: { offset: number; size: number }) =>
    Buffer.from(entries.buffer, entries.byteOffset + start + offset, size).toString('hex')
  const recorded = Array.from({ length: count }, (_, index) => index * flowSlot.size)
    .filter(start => flowKey.cgroupId(entries, start) === statSync(cgroup).ino)
    .map(start => ({ key: hex(start, flowSlot.key), value: hex(start, flowSlot.value) }))
  const file = join(import.meta.dirname, 'recorded-drain.json')
  writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`)
}

/** Sends bytes to a server that answers when it has them all; gives the client's end, still open. */
async function exchange(host: string, request: number, answer: number) {
  const server = createServer(socket => {
    let received = 0
    socket.on('error', () => undefined)
    socket.on('data', data => {
      received += data.length
      if (received === request) socket.write(Buffer.alloc(answer))
    })
  })
  server.listen(host === '::1' ? 4_436 : 4_434, host)
  await once(server, 'listening')
  const { port = 0 } = Object(server.address())
  const client = connect(port, host)
  client.write(Buffer.alloc(request))
  let received = 0
  for await (const data of client.iterator({ destroyOnReturn: false })) {
    received += Buffer.byteLength(data)
    if (received === answer) break
  }
  server.close()
  return client
}
