import { BlockList, isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { cast, farEnds } from './cast.ts'
import places from './places.json' with { type: 'json' }

const reserved = blockList('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32')
const calls = cast.flatMap(({ name, plan }) => plan.calls.map(call => ({ caller: name, ...call })))
const containers = cast.filter(({ name }) => name !== farEnds)
const addresses = containers.flatMap(actor => actor.addresses)

test('only documentation addresses are called, held or placed', () => {
  const all = [...calls.flatMap(({ from, address }) => [address, from ?? address]), ...addresses]
  for (const address of all) expect(isIn(reserved, address), address).toBe(true)
  for (const { network } of places)
    expect(isIn(reserved, network.split('/')[0] ?? ''), network).toBe(true)
})

test('the containers reach ten places in six countries at least, over IPv4 and IPv6', () => {
  const far = calls.map(({ caller, from, address }) => (caller === farEnds ? from : address) ?? '')
  const reached = far.map(address => {
    const place = places.find(({ network }) => isIn(blockList(network), address))
    return place ?? expect.fail(`${address} has no place`)
  })
  expect(new Set(reached.map(({ city }) => city)).size).toBeGreaterThanOrEqual(10)
  expect(new Set(reached.map(({ country }) => country)).size).toBeGreaterThanOrEqual(6)
  expect(new Set(far.map(isIPv6))).toEqual(new Set([true, false]))
})

test('the containers themselves have no place', () => {
  const placed = blockList(...places.map(({ network }) => network))
  for (const address of addresses) expect(isIn(placed, address), address).toBe(false)
})

test('whoever is called listens on that port, and the far ends come first', () => {
  expect(cast[0]?.name).toBe(farEnds)
  for (const { address, port } of calls) {
    const owner = containers.find(actor => actor.addresses.includes(address)) ?? cast[0]
    expect(owner?.plan.listen, `${address}:${port}`).toContain(port)
  }
})

function blockList(...networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
