import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { traffic } from './podatlas-traffic.ts'
import { world } from './podatlas-world.ts'

/** Every dashboard; the uid is the name of its file. */
export const dashboards: readonly Dashboard[] = [traffic, world]
