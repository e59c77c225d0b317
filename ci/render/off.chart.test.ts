import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chartFolder, type Manifest, render } from './helm.ts'

const everything = `--values=${join(chartFolder, 'tests/everything-values.yaml')}`

const label = 'app.kubernetes.io/component'

/** What has to be changed to switch a component off while everything else is on. */
const off: Readonly<Record<string, readonly string[]>> = {
  geoip: ['geoip.enabled=false', 'geofence.policies=null'],
  peers: ['peers.enabled=false', 'cost.pricePerGB=null'],
  prometheus: ['prometheus.enabled=false', 'prometheus.url=http://prometheus.monitoring.svc:9090'],
  grafana: ['grafana.enabled=false'],
  test: ['helmTest.enabled=false'],
}

test.each(Object.entries(off))(
  '%s leaves no object behind when it is off, and nobody names it',
  async (component, changes) => {
    const name = new RegExp(`(?<!-)\\bpodatlas-${component}\\b`)
    expect(textOf(await render([everything]))).toMatch(name)
    const without = await render([everything, ...changes.map(change => `--set=${change}`)])
    expect(without.filter(({ metadata }) => metadata.labels[label] === component)).toEqual([])
    expect(textOf(without)).not.toMatch(name)
  },
)

/** All objects but the dashboards, whose names and links are those of dashboards. */
function textOf(manifests: readonly Manifest[]): string {
  const others = manifests.filter(({ metadata }) => metadata.labels[label] !== 'dashboards')
  // The uid of Grafana's data source never changes, whichever Prometheus it is.
  return JSON.stringify(others).replaceAll('uid: podatlas-prometheus', '')
}
