import { RemoteWriteOptions } from '../remote-write/options.ts'
import { remoteWrite } from '../remote-write/remote-write.ts'
import { writeReceiver } from './write-receiver.ts'

/** A receiver of remote write, with the sink that writes to it, as the contracts of sinks want it. */
export async function remoteWriteTarget(protocol: string) {
  const receiver = await writeReceiver()
  return {
    ...receiver,
    sink: { options: RemoteWriteOptions, open: remoteWrite },
    options: { type: 'prometheus', endpoint: receiver.endpoint, protocol },
    startOutage: () => receiver.answerAll({ status: 503 }),
    endOutage: () => receiver.answerAll({ status: 204 }),
  }
}
