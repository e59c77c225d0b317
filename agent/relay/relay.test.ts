import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { HELP } from '../command-line.ts'
import type { Answering } from '../sinks/test/write-receiver.ts'
import { until, writeReceiver } from '../sinks/test/write-receiver.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

/** A page on loopback; it counts how often it was asked for. */
async function pageServer(page: string) {
  let asked = 0
  let status = 200
  const server = createServer((_, outgoing) => {
    asked += 1
    outgoing.writeHead(status).end(page)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return {
    host: `127.0.0.1:${address.port}`,
    asked: (count: number) => until(() => asked >= count),
    /** Answers 500 from now on; over when that was heard, as who asks waits for an answer before the next. */
    breakDown: async () => {
      status = 500
      const before = asked
      await until(() => asked >= before + 2)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

/** Relays a page to a receiver that answers so, up to a SIGINT once `ready`. */
async function relayed(
  page: string,
  answering: Answering,
  ready: (parts: {
    page: Awaited<ReturnType<typeof pageServer>>
    receiver: Awaited<ReturnType<typeof writeReceiver>>
  }) => Promise<unknown>,
) {
  await using receiver = await writeReceiver()
  receiver.answerAll(answering)
  await using server = await pageServer(page)
  const sink = `prometheus,endpoint=${receiver.endpoint}`
  const words = [MAIN, 'relay', `http://${server.host}/metrics`, '--sink', sink]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'], env: {} })
  const [said, exited] = [text(child.stderr), once(child, 'exit')]
  try {
    await ready({ page: server, receiver })
    const before = receiver.requests.length
    child.kill('SIGINT')
    const [code] = await exited
    return { code, said: await said, host: server.host, before, ...receiver }
  } finally {
    child.kill('SIGKILL')
  }
}

test.concurrent('SIGINT hands the newest page on, with job, instance and metadata, and ends with 0', async () => {
  const page = '# HELP a_bytes_total About\n# TYPE a_bytes_total counter\na_bytes_total{x="1"} 42\n'
  const { code, requests, host } = await relayed(page, { status: 204 }, each => each.page.asked(2))
  expect(code).toBe(0)
  expect(requests).toHaveLength(1)
  expect(requests[0]?.headers['x-prometheus-remote-write-version']).toBe('2.0.0')
  expect(requests[0]?.samples).toMatchObject([
    {
      labels: [
        ['__name__', 'a_bytes_total'],
        ['instance', host],
        ['job', 'relay'],
        ['x', '1'],
      ],
      value: 42,
    },
  ])
})

test.concurrent('pages of several seconds are one request', async () => {
  const { code, requests } = await relayed('a 1\n', { status: 400 }, each => each.page.asked(7))
  expect(code).toBe(0)
  expect(requests.length).toBeGreaterThan(1)
  expect(requests.length).toBeLessThan(4)
})

test.concurrent('during a backoff the end sends nothing more: the same bytes in every request', async () => {
  const { code, requests, said } = await relayed('a 1\n', { status: 503 }, each =>
    each.receiver.asked(4),
  )
  expect(code).toBe(0)
  expect(new Set(requests.map(({ body }) => body.toString('hex'))).size).toBe(1)
  expect(said).toContain('stopped before the destination took everything')
})

test.concurrent('a page that cannot be had any more ends its series, and why is said', async () => {
  const { code, requests, said, host } = await relayed('a 1\n', { status: 204 }, async each => {
    await each.receiver.asked(1)
    await each.page.breakDown()
  })
  expect(code).toBe(0)
  const [last, ...before] = requests.map(({ samples }) => samples).toReversed()
  expect(last).toMatchObject([
    {
      labels: [
        ['__name__', 'a'],
        ['instance', host],
        ['job', 'relay'],
      ],
      isStale: true,
    },
  ])
  expect(before.flat().map(({ isStale, value }) => [isStale, value])).toContainEqual([false, 1])
  expect(before.flat().filter(({ isStale }) => isStale)).toEqual([])
  expect(said).toContain('the page answered 500')
})

test.concurrent('a receiver that never answers does not hold up the end', async () => {
  const { code, requests } = await relayed('a 1\n', 'hang', each => each.receiver.asked(1))
  expect(code).toBe(0)
  expect(requests).toHaveLength(1)
})

test('no help names it', () => {
  expect(HELP).not.toMatch(/relay/i)
})

test.concurrent('what is no page is one line, and no sink is opened for it', async () => {
  const child = spawn(process.execPath, [MAIN, 'relay', 'nowhere'], { env: {} })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect([code, said]).toEqual([
    2,
    'podatlas-agent: relay: "nowhere" is no page. Use a URL like http://192.0.2.7:9100/metrics\n',
  ])
})
