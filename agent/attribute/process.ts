import type { AttributedFlow, Process } from '../model.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Attribution } from './attribute.ts'

export type ProcessParts = {
  /** From a flow's `processKey`, not 0. */
  readonly processOf: (processKey: number) => Process
  readonly telemetry: Pick<Telemetry, 'unattributedBytes'>
}

/** Says of each flow also which process it is of, as far as that is known. */
export function withProcesses(
  attribution: Attribution,
  { processOf, telemetry }: ProcessParts,
): Attribution {
  const named = (flows: readonly AttributedFlow[]): AttributedFlow[] => {
    const processes = new Map<number, Process>()
    return flows.map(flow => {
      const { processKey } = flow
      if (processKey === 0) return missing(flow, 'process_unknown')
      let process = processes.get(processKey)
      if (process === undefined) processes.set(processKey, (process = processOf(processKey)))
      if (process.command === undefined) missing(flow, 'process_unnamed')
      return { ...flow, process }
    })
  }

  function missing(flow: AttributedFlow, reason: string): AttributedFlow {
    telemetry.unattributedBytes.inc({ reason }, flow.bytesSent + flow.bytesReceived)
    return flow
  }

  return {
    attribute: (flows, nowMs) => named(attribution.attribute(flows, nowMs)),
    flush: nowMs => named(attribution.flush(nowMs)),
  }
}
