import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { geoipApp } from './app.ts'
import { openApi } from './openapi.ts'
import { demoParts } from './test/demo.ts'
import { rows } from './test/rows.ts'

test("the document is OpenAPI 3.1, says somebody else's validator", async () => {
  const served = await (await app().request('/openapi.json')).json()
  const validator = new Validator()
  expect(await validator.validate(served)).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('every route but the page is in the document, and nothing else', () => {
  const routes = app().routes.flatMap(({ method, path }) =>
    method === 'ALL' || path === '/:file?'
      ? []
      : [`${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`],
  )
  const documented = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method} ${path}`),
  )
  // A route with a limit of its body stands there twice.
  expect([...new Set(routes)].toSorted()).toEqual(documented.toSorted())
})

test.each([
  ['/locations/{address}', '/locations/192.0.2.1', 200],
  ['/locations/{address}', '/locations/nowhere', 400],
  ['/locations/{address}', '/locations/10.0.0.1', 404],
  ['/locations', '/locations', 200],
  ['/locations', '/locations', 413],
  ['/api/connections', '/api/connections?window=60s&country=DE', 200],
  ['/api/connections', '/api/connections?window=soon', 400],
  ['/api/history', '/api/history', 200],
] as const)('what %s answers to %s is as documented for %i', async (path, url, status) => {
  const addresses = Array.from({ length: status === 413 ? 1_001 : 3 }, () => '192.0.2.1')
  const isBatch = path === '/locations'
  const body = JSON.stringify({ addresses: [...addresses, 'nowhere', '10.0.0.1'] })
  const response = await app().request(url, isBatch ? { method: 'POST', body } : {})
  expect(response.status).toBe(status)
  const [operation] = Object.values<{ responses: Record<string, unknown> }>(openApi.paths[path])
  const documented = operation?.responses[status]
  if (typeof documented !== 'object') throw new Error(`${status} is not documented`)
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema({ $id: 'openapi', ...openApi })
  const pointer = `openapi#/paths/${path.replaceAll('/', '~1')}/${isBatch ? 'post' : 'get'}/responses/${status}/content/application~1json/schema`
  const validate = ajv.getSchema(encodeURI(pointer).replaceAll('%7E', '~'))
  if (!validate) throw new Error(`no schema at ${pointer}`)
  await validate(await response.json())
  expect(validate.errors).toBeNull()
})

function app() {
  const shared = { readAtMs: 0, problem: undefined }
  const policies = [{ name: 'home', severity: 'critical' }]
  const points = [{ seconds: 60, sentPerSecond: 1, receivedPerSecond: null }]
  return geoipApp(
    demoParts({
      connections: async () => ({ ...shared, rows, truncated: 0, policies }),
      cluster: { latitude: 50.11, longitude: 8.68 },
      history: async () => ({ ...shared, stepSeconds: 10, points }),
    }),
  )
}
