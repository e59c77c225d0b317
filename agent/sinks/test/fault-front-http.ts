import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { Front, Passing, Refusal, Reply } from './fault-front.ts'

type Answer = {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer | string
}

/** HTTP/1.1. */
export const httpFront: Front = ({ target, pair, meet }) => {
  const meeting = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const passing: Passing = {
      fromPort: incoming.socket.remotePort,
      body: () => buffer(incoming),
      passOn: async body => replyBy(outgoing, await passOn(target, incoming, body)),
      refuse: refusal => replyBy(outgoing, refused(refusal)),
      giveUp: () => incoming.destroy(),
    }
    void meet(passing)
  }
  const server = pair ? createTlsServer(pair, meeting) : createServer(meeting)
  return server.on('tlsClientError', () => undefined)
}

function replyBy(outgoing: ServerResponse, { status, headers, body }: Answer): Reply {
  return {
    begin: () => outgoing.writeHead(status, headers).flushHeaders(),
    end: () => outgoing.end(body),
    half: () => outgoing.writeHead(status, { ...headers, 'content-length': 99 }).write('half'),
  }
}

function refused({ status, retryAfter }: Refusal): Answer {
  const date = new Date(Date.now() + 1_000).toUTCString()
  const headers = retryAfter ? { 'retry-after': retryAfter === 'date' ? date : '1' } : {}
  return { status, headers, body: 'not now' }
}

async function passOn(
  target: string,
  { method, headers, url = '' }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const onward = request(new URL(url, target), { method, headers, agent: false })
  onward.end(body)
  const [answer]: IncomingMessage[] = await once(onward, 'response')
  if (!answer) throw new Error('no answer')
  const { connection: _, 'content-length': __, ...passed } = answer.headers
  return { status: answer.statusCode ?? 0, headers: passed, body: await buffer(answer) }
}
