import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { openSinks } from '../../../agent/sinks/index.ts'
import { createTelemetry } from '../../../agent/telemetry.ts'

/**
 * sink-throughput-program.ts SINKS FOLDER SAMPLES: opens the sinks (JSON, parsed) over what is in their spools, and
 * says as JSON what it took until so many samples were settled.
 */
const [sinks = '', spoolDirectory = '', words = ''] = process.argv.slice(2)
const wanted = Number(words)

const telemetry = createTelemetry('node-1.example.com', '0.0.0')
const startedMs = performance.now()
const cpu = process.cpuUsage()
const opened = await openSinks({
  sinks: JSON.parse(sinks),
  version: '0.0.0',
  telemetry,
  log: line => process.stderr.write(`${line}\n`),
  spoolDirectory,
})
// The first samples compile, and grow the heap to its size.
await settled(wanted / 10)
forgetPeak()
await settled(wanted / 2)
const earlyKb = peakKb()
forgetPeak()
await settled(wanted)
const { user, system } = process.cpuUsage(cpu)
const measured = {
  seconds: (performance.now() - startedMs) / 1e3,
  cpuSeconds: (user + system) / 1e6,
  sent: sumOf(telemetry.sinkSamplesSent),
  dropped: sumOf(telemetry.sinkSamplesDropped),
  wireBytes: sumOf(telemetry.sinkWireBytes),
  earlyKb,
  lateKb: peakKb(),
}
await opened[Symbol.asyncDispose]()
process.stdout.write(JSON.stringify(measured))

async function settled(samples: number): Promise<void> {
  while (sumOf(telemetry.sinkSamplesSent) + sumOf(telemetry.sinkSamplesDropped) < samples)
    await pause(10)
}

function sumOf({ readings }: Pick<typeof telemetry.sinkSamplesSent, 'readings'>): number {
  return [...readings.values()].reduce((sum, { value }) => sum + value, 0)
}

/** proc_pid_clear_refs(5) */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

function peakKb(): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
