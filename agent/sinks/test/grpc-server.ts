import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import type { Pair } from './certificates.ts'
import { unaryService } from './unary-service.ts'

/** A method that takes bytes and answers with bytes. */
export const METHOD = '/podatlas.Test/Call'

export type Called = {
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
  /** Common name of the client's certificate. */
  readonly client: string | undefined
  /** Tells connections apart. */
  readonly fromPort: string
}

type Tls = {
  readonly pair: Pair
  /** The authority of the clients that it lets in; absent: everybody. */
  readonly clientCa?: string
}

/** A server of @grpc/grpc-js on loopback that writes down what it hears, and answers as told. */
export async function grpcServer(
  tls?: Tls,
  answer: (called: Called) => Promise<string> = async () => 'taken',
  atPort = 0,
) {
  const heard: Called[] = []
  const server = new Server()
  server.addService(unaryService(METHOD), {
    call: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      const called = {
        message: call.request.toString(),
        headers: Object.fromEntries(
          Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]),
        ),
        client: call.getAuthContext().sslPeerCertificate?.subject?.CN?.toString(),
        fromPort: /\d+$/.exec(call.getPeer())?.[0] ?? '',
      }
      heard.push(called)
      void answer(called).then(said => reply(null, Buffer.from(said)))
    },
  })
  const port = await new Promise<number>((bound, failed) =>
    server.bindAsync(`127.0.0.1:${atPort}`, credentials(tls), (error, at) =>
      error ? failed(error) : bound(at),
    ),
  )
  return {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    heard,
    connections: () => new Set(heard.map(({ fromPort }) => fromPort)).size,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
}

function credentials(tls: Tls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure()
  const { pair, clientCa } = tls
  const own = [{ cert_chain: Buffer.from(pair.cert), private_key: Buffer.from(pair.key) }]
  const demandsClient = clientCa !== undefined
  return ServerCredentials.createSsl(
    demandsClient ? Buffer.from(clientCa) : null,
    own,
    demandsClient,
  )
}
