import { expect, test } from 'vitest'
import { lastAddress, networkKey, networkOf, parseNetwork } from './network.ts'

test.each([
  ['10.244.1.0/24', '10.244.1.200', '10.244.2.1', '10.244.1.255'],
  ['10.244.1.77/24', '10.244.1.200', '10.244.2.1', '10.244.1.255'],
  ['0.0.0.0/0', '203.0.113.9', undefined, '255.255.255.255'],
  ['192.0.2.1/32', '192.0.2.1', '192.0.2.2', '192.0.2.1'],
  ['2001:db8:1::/48', '2001:db8:1:2::3', '2001:db8:2::', '2001:db8:1:ffff:ffff:ffff:ffff:ffff'],
  ['fd00::/64', 'fd00::1', 'fd00:0:0:1::', 'fd00::ffff:ffff:ffff:ffff'],
  ['::/0', '2001:db8::1', undefined, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
])('%s holds %s and not %s', (text, inside, outside, last) => {
  const network = parseNetwork(text)
  if (network === undefined) throw new Error(`${text} was not understood`)
  const holds = (address: string) =>
    networkKey(networkOf(address, network.prefix)) === networkKey(network)
  expect(holds(inside)).toBe(true)
  if (outside !== undefined) expect(holds(outside)).toBe(false)
  expect(lastAddress(network)).toBe(last)
})

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', 'fd00::/129', 'nowhere/8', '10.0.0.0/-1'])(
  '"%s" is no network',
  text => {
    expect(parseNetwork(text)).toBeUndefined()
  },
)

test('an IPv4 network holds no IPv6 address of the same number', () => {
  const v4 = networkOf('0.0.0.0', 8)
  expect(networkKey(networkOf('::', 8))).not.toBe(networkKey(v4))
})
