import { expect, test } from 'vitest'
import { addressKind } from './kind.ts'

test.each([
  ['192.0.2.1', 'public'],
  ['198.51.100.7', 'public'],
  ['203.0.113.9', 'public'],
  ['2001:db8::1', 'public'],
  ['172.32.0.1', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['fe80::1', 'link-local'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['0.0.0.0', 'special'],
  ['255.255.255.255', 'special'],
])('%s is %s', (address, kind) => {
  expect(addressKind(address)).toBe(kind)
})

test.each(['', 'other', '192.0.2', '192.0.2.1/24', 'example.org'])(
  '"%s" is no address',
  address => {
    expect(addressKind(address)).toBeUndefined()
  },
)

test('each network ends where it ends, in IPv4 and mapped', () => {
  const edges = [
    ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
    ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
    ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
    ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
    ['fbff::', 'fc00::', 'fdff:ffff::', 'fe00::'],
  ]
  for (const addresses of edges) {
    expect(addresses.map(addressKind)).toEqual(['public', 'private', 'private', 'public'])
  }
  expect(['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'].map(addressKind)).toEqual(
    ['public', 'special', 'special', 'public'],
  )
  expect(['fe7f::', 'fe80::', 'febf::', 'fec0::'].map(addressKind)).toEqual([
    'public',
    'link-local',
    'link-local',
    'public',
  ])
  expect(addressKind('fe80::1%eth0')).toBe('link-local')
  expect(addressKind('::2')).toBe('public')
})
