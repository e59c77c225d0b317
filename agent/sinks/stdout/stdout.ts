import type { Writable } from 'node:stream'
import type { Samples } from '../../model.ts'
import type { Outcome } from '../outcome.ts'
import { startDelivery } from '../delivery/delivery.ts'
import type { Sink } from '../sink.ts'
import { jsonLines, trafficLines } from './format.ts'
import type { StdoutOptions } from './options.ts'
import { trafficTable } from './table.ts'

export const stdout: Sink<StdoutOptions> = stdoutTo(() => process.stdout)

/** The sink on any stream. One that has no reader any more drops what comes, and counts it. */
export function stdoutTo(stream: () => Writable): Sink<StdoutOptions> {
  return ({ name, options, telemetry, log }) => {
    const output = stream()
    let fault: string | undefined
    // Without a listener, EPIPE would end the process; it may come as late as at exit.
    output.on('error', error => (fault ??= error.message))
    const send = async (text: string, signal: AbortSignal): Promise<Outcome> => {
      if (text !== '' && fault === undefined) fault = await written(output, text, signal)
      if (fault === undefined) return { kind: 'taken' }
      // What a pipe holds already, its reader may still read.
      const isUnanswered = signal.aborted
      return { kind: 'refused', reason: 'closed', detail: `nobody reads: ${fault}`, isUnanswered }
    }
    return startDelivery({
      name,
      telemetry,
      log,
      queueLimit: options.queueLimit,
      maxSamplesPerSend: Infinity,
      encode: encoderOf(options.format),
      send,
    })
  }
}

function encoderOf(format: StdoutOptions['format']): (samples: Samples) => string {
  if (format === 'json') return jsonLines
  return format === 'table' ? trafficTable() : trafficLines()
}

/** Waits until the reader took it all; the error's text if there is no reader. */
function written(output: Writable, text: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise(resolve => {
    const onAbort = () => resolve('stopped while the reader paused')
    signal.addEventListener('abort', onAbort, { once: true })
    output.write(text, error => {
      signal.removeEventListener('abort', onAbort)
      resolve(error?.message)
    })
  })
}
