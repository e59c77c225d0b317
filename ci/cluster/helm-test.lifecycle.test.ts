import { afterAll, beforeAll, expect, test } from 'vitest'
import { chart, helmOf, values } from './install.ts'
import { settled } from './release-state.ts'
import { folders, kubectl } from './running.ts'

const helm = helmOf(folders)
const prometheus = 'deployment/podatlas-prometheus'

beforeAll(async () => {
  // What it waits for is there already, or will not come.
  await helm('upgrade', chart, '--values', values, '--set=helmTest.wait=10s')
  await settled('podatlas', ['daemonset/podatlas-agent', prometheus])
})
afterAll(async () => {
  await scale(1)
  // Helm leaves one that failed, for people to look at.
  await kubectl(['-n', 'podatlas', 'delete', 'pod', 'podatlas-test', '--ignore-not-found'])
})

test('helm test finds bytes in Prometheus and places in geoip', async () => {
  const output = await helm('test', '--logs', '--timeout=90s')
  expect(output).toMatch(/Phase:\s+Succeeded/)
})

test('helm test fails, and its log says why, where Prometheus does not answer', async () => {
  await scale(0)
  await expect(helm('test', '--timeout=90s')).rejects.toThrow('podatlas-test')
  const log = await kubectl(['-n', 'podatlas', 'logs', 'podatlas-test'])
  expect(log).toMatch(/^FAIL +bytes +.*podatlas-prometheus/m)
})

async function scale(replicas: number): Promise<void> {
  await kubectl(['-n', 'podatlas', 'scale', prometheus, `--replicas=${replicas}`])
  if (replicas > 0) await settled('podatlas', [prometheus])
}
