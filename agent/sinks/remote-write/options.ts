import { z } from 'zod'
import { deliveryShape } from '../delivery/options.ts'
import { DESPITE_FAULTS, httpFaults, httpShape } from '../http/options.ts'

const NUMBERED = { 1: '1.0', 2: '2.0' } as const

export const RemoteWriteOptions = z
  .strictObject({
    type: z.literal('prometheus'),
    ...httpShape('http://prometheus:9090/api/v1/write'),
    // As with udp in the config: a bare 2.0 of YAML is the number 2. In a list of their own, since
    // Helm's check of the chart's schema takes "1.0" and 1 in one list for equal.
    protocol: z
      .union([z.literal(['auto', '1.0', '2.0']), z.literal([1, 2])], 'use auto, "1.0" or "2.0"')
      .default('auto')
      .transform(version => (typeof version === 'number' ? NUMBERED[version] : version))
      .describe(
        'Version of remote write: auto is 2.0, and 1.0 once the receiver turns out not to know it',
      ),
    ...deliveryShape(),
  })
  .superRefine(httpFaults(['x-prometheus-remote-write-version']), DESPITE_FAULTS)

export type RemoteWriteOptions = z.output<typeof RemoteWriteOptions>
