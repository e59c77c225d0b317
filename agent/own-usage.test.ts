import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reading } from './sinks/test/examples.ts'
import { createTelemetry } from './telemetry.ts'
import { ownUsage } from './own-usage.ts'

test('CPU and memory of the process are those that the kernel tells', () => {
  const telemetry = createTelemetry('node', '0.0.0')
  const measure = ownUsage(telemetry)
  const beforeUs = usedUs()
  measure()
  measure()
  const afterUs = usedUs()
  expect(reading(telemetry.cpuSeconds, {})).toBeGreaterThanOrEqual(beforeUs / 1e6)
  expect(reading(telemetry.cpuSeconds, {})).toBeLessThanOrEqual(afterUs / 1e6)
  const [, kB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  expect(reading(telemetry.residentMemory, {})).toBeGreaterThan(10 * 2 ** 20)
  expect(reading(telemetry.residentMemory, {})).toBeLessThanOrEqual(Number(kB) * 1_024)
})

function usedUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
