import { describe } from 'vitest'
import { faultContract } from '../test/fault-contract.ts'
import { killContract } from '../test/kill-contract.ts'
import { realPrometheus } from '../test/real-prometheus.ts'
import { RemoteWriteOptions } from './options.ts'
import { remoteWrite } from './remote-write.ts'
import { remoteWriteTarget } from '../test/remote-write-target.ts'

// Another one each time; PODATLAS_SEED brings back the one that a failure named.
const seed = Number(process.env.PODATLAS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.concurrent.for(['auto', '2.0', '1.0'])('remote write %s', protocol =>
  faultContract(() => remoteWriteTarget(protocol), { seed }),
)

describe('remote write from a spool', () => killContract(() => remoteWriteTarget('auto'), { seed }))

describe.concurrent('remote write to the real Prometheus', () =>
  faultContract(
    async () => {
      const prometheus = await realPrometheus()
      return {
        ...prometheus,
        sink: { options: RemoteWriteOptions, open: remoteWrite },
        options: { type: 'prometheus', endpoint: prometheus.endpoint },
        received: () =>
          prometheus.samples('{__name__="podatlas_transmit_bytes_total"}', Date.now()),
        startOutage: () => undefined,
        endOutage: () => undefined,
      }
      // Of samples of a range, it leaves out the ends.
    },
    { seed, count: 1, tellsEnds: false },
  ))
