import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer, demoMetrics, demoQuery } from './test/demo.ts'

test('/metrics as a whole', async () => {
  const { metrics, take, query, exposition } = demoMetrics()
  const builtAt = new Date(1_780_000_000_000)
  metrics.setDatabases(
    [
      { path: '/etc/places.mmdb', databaseType: 'City', builtAt },
      { path: '/etc/asn.mmdb', databaseType: 'ASN', builtAt },
    ],
    [{ path: '/etc/asn.mmdb', text: 'it is broken' }],
  )
  metrics.observeQuery(query, 0.02, answer.length)
  metrics.countRemarks(query, 'warning', 1)
  metrics.countFailure(query, 'timeout')
  take(answer, 0)
  take(answer.slice(0, 1), 0, demoQuery('inbound'))
  await expect(await exposition()).toMatchFileSnapshot(
    join(import.meta.dirname, 'test/golden/metrics.prom'),
  )
})
