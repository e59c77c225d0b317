import { benchAgentCpu } from './agent/agent-cpu.ts'
import { benchAgentRss } from './agent/agent-rss.ts'
import { benchApiWatch } from './api/watch.ts'
import { benchBurst } from './burst.ts'
import { benchDrain } from './drain.ts'
import { benchExposition } from './sinks/exposition.ts'
import { benchFold } from './fold.ts'
import { benchGeoip } from './functions/geoip.ts'
import { benchKernelCpu } from './kernel-cpu.ts'
import { benchOtlpEncode } from './sinks/otlp-encode.ts'
import { benchPage } from './functions/page.ts'
import { benchPeers } from './functions/peers.ts'
import { benchPromqlIngest } from './functions/promql-ingest.ts'
import type { Bench } from './result.ts'
import { benchRwEncode } from './sinks/rw-encode.ts'
import { benchSeriesCap } from './agent/series-cap.ts'
import { benchSinkThroughput } from './sinks/sink-throughput.ts'
import { benchSpoolStall } from './sinks/spool-stall.ts'
import { benchTcpCrr } from './tcp-crr.ts'
import { benchTcpRr } from './tcp-rr.ts'

export const benches: Readonly<Record<string, Bench>> = {
  'tcp-rr': benchTcpRr,
  'tcp-crr': benchTcpCrr,
  fold: benchFold,
  drain: benchDrain,
  'kernel-cpu': benchKernelCpu,
  burst: benchBurst,
  'series-cap': benchSeriesCap,
  'agent-rss': benchAgentRss,
  'agent-cpu': benchAgentCpu,
  'api-watch': benchApiWatch,
  geoip: benchGeoip,
  page: benchPage,
  peers: benchPeers,
  'promql-ingest': benchPromqlIngest,
  'rw-encode': benchRwEncode,
  exposition: benchExposition,
  'otlp-encode': benchOtlpEncode,
  'sink-throughput': benchSinkThroughput,
  'spool-stall': benchSpoolStall,
}
