import { BlockList, isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { networkOf } from './network.ts'

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['10.0.0.255', '10.0.0.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:db8:1::7', '2001:db8:1::/48'],
  ['2001:db8::7', '2001:db8::/48'],
  ['2001:db8:0:5::7', '2001:db8::/48'],
  ['2001:0:0:5:6:7:8:9', '2001::/48'],
  ['2001::9', '2001::/48'],
  ['::1:2:3:4:5:6', '0:0:1::/48'],
  ['0:5:0:1:2:3:4:5', '0:5::/48'],
  ['::1', '::/48'],
  ['1::', '1::/48'],
])('%s is in %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
  const [prefix = '', bits] = network.split('/')
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  const block = new BlockList()
  block.addSubnet(prefix, Number(bits), family)
  expect(block.check(address, family)).toBe(true)
})
