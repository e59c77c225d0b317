import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { agent } from './podatlas-agent.ts'
import { cost } from './podatlas-cost.ts'
import { geofence } from './podatlas-geofence.ts'
import { overview } from './podatlas-overview.ts'
import { peers } from './podatlas-peers.ts'
import { tcp } from './podatlas-tcp.ts'
import { traffic } from './podatlas-traffic.ts'
import { world } from './podatlas-world.ts'

/** Every dashboard; the uid is the name of its file. */
export const dashboards: readonly Dashboard[] = [
  overview,
  traffic,
  world,
  geofence,
  peers,
  tcp,
  cost,
  agent,
]
