import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bpfObject } from '../../../ci/bpf/object.ts'
import { createTelemetry } from '../../telemetry.ts'
import { factsOf } from '../system/fdinfo.ts'
import { openKernel } from '../kernel.ts'
import { installPrograms } from '../programs.ts'
import { mountBpffs } from '../test/bpffs.ts'
import { ledger } from '../test/ledger.ts'
import { openTestKernel } from '../test/open.ts'
import { processLedger, type ProcessTruth } from '../test/process-ledger.ts'
import { startTraffic } from '../test/traffic.ts'
import { objectVariant } from '../test/variant.ts'

const sizes = { maxFlows: 4_096, maxOverflow: 256, maxSockets: 131_072 }

test('without processes no flow has one, and no program is more or notably larger than made without them', () => {
  using without = objectVariant({
    file: 'processes.h',
    before: 'const volatile bool by_process __weak = false;',
    after: 'const volatile bool by_process __weak = false;\n#define by_process false',
  })
  const [bare, off] = [sizesOf(without.bytecode), sizesOf(bpfObject())]
  expect(Object.keys(off)).toEqual(Object.keys(bare))
  // A test of the constant is left here and there, and the compiler orders things otherwise.
  for (const [program, size] of Object.entries(off)) {
    expect(size, program).toBeLessThan(1.05 * (bare[program] ?? 0))
  }
})

/** Machine code of each program, in bytes. */
function sizesOf(bytecode: string): Record<string, number> {
  using programs = installPrograms({ bytecode, sizes, udp: 'auto', log: () => undefined })
  expect(Object.keys(programs.descriptors.maps).filter(name => name.includes('process'))).toEqual(
    [],
  )
  const rows = Object.entries(programs.descriptors.programs).map(([name, fd]) => {
    const id = String(factsOf(fd)('prog_id'))
    const shown = execFileSync('bpftool', ['-j', 'prog', 'show', 'id', id], { encoding: 'utf8' })
    return [name, JSON.parse(shown).bytes_jited]
  })
  return Object.fromEntries(rows)
}

test('switched on and off while connections are open: not a byte is lost or counted twice', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  const install = (processes: boolean) => {
    const programs = installPrograms({
      bytecode: bpfObject(),
      pinDirectory,
      sizes,
      processes,
      log: console.error,
    })
    expect([programs.origin, programs.processes]).toEqual(['loaded', processes])
    return openKernel({ programs, telemetry: createTelemetry('test', '0') })
  }
  let kernel = install(false)
  await using traffic = startTraffic('closes')
  const counts = ledger({ ...kernel, drain: () => kernel.drain() }, traffic)
  const open = await traffic.next()
  await counts.drain()
  expect(counts.flows().every(({ processKey }) => processKey === 0)).toBe(true)
  for (const processes of [true, false, true]) {
    kernel[Symbol.dispose]()
    kernel = install(processes)
    await counts.drain()
  }
  expect(open.map(counts.counted)).toEqual(open)
  const seen = counts.flows().length
  const services = await traffic.next()
  await counts.drain()
  kernel[Symbol.dispose]()
  expect(services.map(counts.counted)).toEqual(services)
  const later = counts.flows().slice(seen)
  expect(later.length).toBeGreaterThan(0)
  // All of it is one process's, which holds what was opened before too.
  expect(new Set(later.map(({ processKey }) => processKey % 2 ** 22))).toEqual(
    new Set([traffic.pid]),
  )
  expect(readdirSync(pinDirectory)).toHaveLength(1)
})

test('where more ports are listened on than are remembered, that is named as a drop, and holders are found all the same', async () => {
  using kernel = openTestKernel({ processes: true })
  await using traffic = startTraffic<ProcessTruth>('processes-many-ports')
  const counts = processLedger({ kernel, programs: kernel.programs }, traffic)
  const [server] = (await traffic.next()).filter(({ role }) => role === 'server')
  await counts.drain()
  expect(kernel.drops()['process_listeners_full']).toBeGreaterThan(0)
  const { name: _, port, role, pid, command, ...sums } = server ?? expect.fail('no server')
  expect(counts.counted()).toMatchObject({ [`${port} ${role} ${pid} ${command}`]: sums })
  await traffic.next() // its processes have ended
})
