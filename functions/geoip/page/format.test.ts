import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatRate } from './format.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.00 kB'],
  [9_994, '9.99 kB'],
  [9_996, '10.0 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_501, '1.00 MB'],
  [1.5e9, '1.50 GB'],
  [2e12, '2.00 TB'],
  [5e18, '5000 PB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('no traffic is a dash, a trickle is not', () => {
  expect(formatRate(0)).toBe('–')
  expect(formatRate(0.4)).toBe('0 B/s')
  expect(formatRate(1_234)).toBe('1.23 kB/s')
})

test('counts and ages read as people say them', () => {
  expect(formatCount(1, 'connection')).toBe('1 connection')
  expect(formatCount(12_345, 'connection')).toBe('12,345 connections')
  expect(formatAge(-5)).toBe('0 s ago')
  expect(formatAge(59_400)).toBe('59 s ago')
  expect(formatAge(61_000)).toBe('1 min ago')
  expect(formatAge(7_300_000)).toBe('2 h ago')
})
