import { geoipApp } from '../app.ts'
import { locator } from '../locate.ts'

// The app as a serverless host bundles it, with parts of its own: nothing here or below is of Node.
const locate = locator(
  address => (address === '192.0.2.1' ? { place: { country: 'DE', city: 'Berlin' } } : {}),
  () => {},
)

export default geoipApp({
  metrics: async () => '# HELP up 1\n',
  series: () => ['geo_ip{ip="192.0.2.1"} 1\n'],
  locate,
  connections: async () => ({
    rows: [],
    truncated: 0,
    policies: [],
    readAtMs: 0,
    problem: undefined,
  }),
  history: async () => ({ stepSeconds: 10, points: [], readAtMs: 0, problem: undefined }),
  cluster: null,
  assets: new Map(),
  attribution: () => '',
  problems: () => [],
  notReady: () => undefined,
  stuck: () => undefined,
})
