import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * Ports of 127.0.0.1 that nobody listens on, all different. A wish that is taken gets another
 * port. They are free again when this returns, so open them soon.
 */
export async function freePorts(...wishes: readonly (number | 'any')[]): Promise<number[]> {
  const servers: Server[] = []
  try {
    for (const wish of wishes)
      servers.push(await listen(wish === 'any' ? 0 : wish).catch(() => listen(0)))
    return servers.map(portOf)
  } finally {
    for (const server of servers) server.close()
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('a server without a port')
}
