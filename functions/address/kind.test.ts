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
