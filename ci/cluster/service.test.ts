import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startService, waitUntil } from './service.ts'

let logs = ''
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), 'podatlas-logs-'))
})
afterEach(() => rmSync(logs, { recursive: true }))

test('a service that ends is told with its exit code and the last lines of its log', async () => {
  const script = ['-e', 'console.error("address in use"); process.exit(3)']
  const service = startService(logs, process.execPath, script, 'broken')
  const waiting = waitUntil(service, 'ready', () => false)
  await expect(waiting).rejects.toThrow(/^broken ended \(3\)\.[^]*address in use/)
})

test('a service that is late is told with the reason of the last check', async () => {
  const service = startService(logs, 'sleep', ['30'])
  try {
    const waiting = waitUntil(service, 'ready', refuse, 0.3)
    await expect(waiting).rejects.toThrow('sleep is not "ready" after 0.3 s: connection refused')
  } finally {
    service.process.kill()
  }
})

test('a program that does not exist is told at once', async () => {
  const service = startService(logs, '/nowhere/etcd', [])
  await expect(waitUntil(service, 'ready', () => false)).rejects.toThrow(
    'etcd cannot be started: /nowhere/etcd',
  )
})

function refuse(): never {
  throw new Error('connection refused')
}
