import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { agent } from './agent.ts'
import { processOf } from './containers.ts'
import { udpMode } from './udp-mode.ts'

const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']
const netAdmin = 1n << 12n

test('no thread of the running agent has a capability, but NET_ADMIN where UDP is counted at cgroups', async () => {
  const allowed = (await udpMode()) === 'cgroup' ? netAdmin : 0n
  const threads = threadsOf(await processOf(await agent()))
  // The main thread and the workers of V8.
  expect(threads.length).toBeGreaterThan(4)
  for (const thread of threads) {
    const beyond = thread.held & ~allowed
    expect({ ...thread, beyond }).toMatchObject({ beyond: 0n, noNewPrivileges: '1' })
  }
})

function threadsOf(pid: number) {
  const folder = `/proc/${pid}/task`
  return readdirSync(folder).map(task => {
    const status = readFileSync(`${folder}/${task}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
    const held = sets.map(set => BigInt(`0x${field(set)}`)).reduce((all, one) => all | one)
    return { name: field('Name'), held, noNewPrivileges: field('NoNewPrivs') }
  })
}
