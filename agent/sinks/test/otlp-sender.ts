import { createTelemetry } from '../../telemetry.ts'
import { OtlpOptions } from '../otlp/options.ts'
import { otlp } from '../otlp/otlp.ts'

/** An open sink of OTLP, what it counts and what it says. */
export function otlpSenderTo(endpoint: string, settings: object = {}) {
  const telemetry = createTelemetry('node-1', '1.2.3')
  const lines: string[] = []
  const options = OtlpOptions.parse({ type: 'otlp', endpoint, ...settings })
  const log = (line: string) => lines.push(line)
  const target = otlp({ name: 'main', options, version: '1.2.3', telemetry, log })
  return Object.assign(target, { telemetry, lines })
}
