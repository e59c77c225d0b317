import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer, demoMetrics } from './test/demo.ts'

test('/metrics as a whole', async () => {
  const { metrics, take } = demoMetrics()
  const builtAt = new Date(1_780_000_000_000)
  metrics.setDatabases(
    [
      { path: '/etc/places.mmdb', databaseType: 'City', builtAt },
      { path: '/etc/asn.mmdb', databaseType: 'ASN', builtAt },
    ],
    [{ path: '/etc/asn.mmdb', text: 'it is broken' }],
  )
  metrics.observeQuery(0.02)
  metrics.countFailure('timeout')
  take(answer, 0)
  await expect(await metrics.registry.metrics()).toMatchFileSnapshot(
    join(import.meta.dirname, 'test/golden/metrics.prom'),
  )
})
