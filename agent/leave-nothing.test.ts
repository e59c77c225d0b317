import { existsSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaveNothing } from './leave-nothing.ts'
import { fakeApiServer } from './test/fake-api-server.ts'

// What becomes of pins is in the tests on a kernel.

/** An agent that pins nothing and has a spool, whose API server gives this status when it is told to end. */
async function spoolAfterEnd(status: number) {
  await using server = await fakeApiServer()
  using folder = mkdtempDisposableSync(join(tmpdir(), 'podatlas-leave-'))
  const spoolDirectory = join(folder.path, 'observability_podatlas')
  mkdirSync(join(spoolDirectory, 'sink-default'), { recursive: true })
  writeFileSync(join(spoolDirectory, 'sink-default/0000000001.segment'), 'samples')

  const stop = new AbortController()
  const seen = Promise.withResolvers<string>()
  const leaving = leaveNothing({
    config: {
      apiServer: server.address,
      daemonSet: 'observability/podatlas-agent',
      kernel: { bytecode: '', maxFlows: 1_024, maxSockets: 1_024, pinDirectory: '' },
      spoolDirectory,
    },
    isPinned: false,
    log: { info: () => {}, warn: () => {}, debug: seen.resolve },
    stop: stop.signal,
  })
  const first = await server.next()
  first.response.end(JSON.stringify({ metadata: {} }))
  await seen.promise
  stop.abort()
  const last = await server.next()
  last.response.writeHead(status).end(JSON.stringify({ metadata: {} }))
  const removeRest = await leaving
  const whileSinksClose = existsSync(spoolDirectory)
  removeRest()
  return {
    whileSinksClose,
    afterwards: existsSync(spoolDirectory),
    parent: existsSync(folder.path),
  }
}

test('an uninstallation removes the spool of an agent without pins, once its sinks are closed', async () => {
  expect(await spoolAfterEnd(404)).toEqual({
    whileSinksClose: true,
    afterwards: false,
    parent: true,
  })
})

test('a restart keeps the spool for the next agent', async () => {
  expect(await spoolAfterEnd(200)).toMatchObject({ afterwards: true })
})
