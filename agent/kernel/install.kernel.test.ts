import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bpfObject } from '../../ci/bpf/object.ts'
import { mountBpffs } from './test/bpffs.ts'
import { installUntil, openInstalled } from './test/install.ts'
import { points } from './test/kill-at.ts'
import { ledger } from './test/ledger.ts'
import { startTraffic } from './test/traffic.ts'
import { objectVariant } from './test/variant.ts'

test('killed at any step of a start, an adoption or a replacement: the next start loses no byte', async () => {
  using bpffs = mountBpffs()
  const { pinDirectory } = bpffs
  using other = objectVariant({
    file: 'tcp_state.bpf.c',
    before: 'return on_state(sk, oldstate, newstate, ',
    after: 'if (oldstate == newstate) return 0; return on_state(sk, oldstate, newstate, ',
  })
  const versions = [bpfObject(), other.bytecode]
  const [first = '', second = ''] = versions
  const [older, newer] = [
    { pinDirectory, bytecode: first },
    { pinDirectory, bytecode: second },
  ]
  const open = (bytecode: string) => openInstalled({ pinDirectory, bytecode })

  const start = installUntil(-1, older)
  const adoption = installUntil(-1, older)
  const replacement = installUntil(-1, newer)
  expect(start).toContain('loadObject')
  expect(adoption).not.toContain('loadObject')
  expect(replacement).toContain('reuseMap')
  const trials = [
    ...points(adoption).map(call => ({ call, isReplaced: false })),
    ...points(replacement).map(call => ({ call, isReplaced: true })),
  ]
  let installed = 1
  let kernel = open(second)
  for (const { call, isReplaced } of trials) {
    await using traffic = startTraffic('half-closed')
    const current = { drain: () => kernel.drain() }
    const counts = ledger({ ...kernel, ...current }, traffic)
    await traffic.next()
    await counts.drain()
    kernel[Symbol.dispose]()
    await traffic.next()
    if (isReplaced) installed = 1 - installed
    const version = versions[installed] ?? ''
    expect(installUntil(call, { pinDirectory, bytecode: version })).toEqual([])
    const services = await traffic.next()
    kernel = open(version)
    await counts.drain()
    await counts.drain()
    expect({ call, services: services.map(counts.counted) }).toEqual({ call, services })
    expect(readdirSync(pinDirectory)).toEqual([expect.stringMatching(/^v1-[0-9a-f]{16}$/)])
  }
  kernel[Symbol.dispose]()

  // From nothing.
  for (const call of points(start)) {
    using fresh = mountBpffs()
    expect(installUntil(call, { pinDirectory: fresh.pinDirectory })).toEqual([])
    expect(installUntil(-1, { pinDirectory: fresh.pinDirectory })).not.toEqual([])
    expect(readdirSync(fresh.pinDirectory)).toHaveLength(1)
  }
  console.log(`killed at ${trials.length + points(start).length} steps`)
}, 300_000)
