import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts } from './ports.ts'

test('a wish is granted where the port is free, and another port given where it is taken', async () => {
  const [wish = 0] = await freePorts('any')
  expect(await freePorts(wish)).toEqual([wish])
  await using server = createServer().listen(wish, '127.0.0.1')
  await once(server, 'listening')
  const ports = await freePorts(wish, 'any', 'any')
  expect(ports).not.toContain(wish)
  expect(new Set(ports).size).toBe(3)
})
