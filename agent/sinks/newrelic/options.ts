import { z } from 'zod'
import { deliveryShape } from '../delivery/options.ts'
import { DESPITE_FAULTS, httpFaults, httpShape, isHeaderValue } from '../http/options.ts'

const ACCOUNT = 'write the number of the account, such as 1234567'
const REGION = 'use US or EU; for other ones set endpoint'
const ENDPOINT = 'use a URL like https://gov-insights-collector.newrelic.com'

const REGIONS = {
  US: 'https://insights-collector.newrelic.com',
  EU: 'https://insights-collector.eu01.nr-data.net',
}

const { headers, headerFiles, tls, proxyUrl, timeout } = httpShape('')

export const NewRelicOptions = z
  .strictObject({
    type: z.literal('newrelic'),
    account: z
      .union([z.int().positive(), z.string().regex(/^[1-9]\d*$/, ACCOUNT)], ACCOUNT)
      .transform(String)
      .describe('Number of the account that the events go to'),
    key: z.string().default('').describe('License key; keyFile keeps it out of the settings'),
    keyFile: z.string().default('').describe('File with the license key, read before each request'),
    region: z
      .string(REGION)
      .regex(/^([Uu][Ss]|[Ee][Uu])$/, REGION)
      .default('US')
      .transform(region => (region.toUpperCase() === 'EU' ? 'EU' : 'US'))
      .describe('Where the account is: US or EU'),
    endpoint: z
      .union([z.literal(''), z.url({ protocol: /^https?$/, error: ENDPOINT })], ENDPOINT)
      .default('')
      .describe(
        "URL in place of the region's, such as https://gov-insights-collector.newrelic.com",
      ),
    headers,
    headerFiles,
    tls,
    proxyUrl,
    timeout,
    ...deliveryShape(),
  })
  .superRefine(httpFaults(['api-key']), DESPITE_FAULTS)
  .superRefine(({ key, keyFile }, faults) => {
    const fault = (path: string, message: string) =>
      faults.addIssue({ code: 'custom', path: [path], message })
    if (!key && !keyFile) fault('key', 'set keyFile or key: a license key of the account')
    if (key && keyFile) fault('keyFile', 'set either key or keyFile, not both')
    if (!isHeaderValue(key))
      fault('key', 'holds characters that no license key has. Write the key alone')
  }, DESPITE_FAULTS)
  .overwrite(({ endpoint, ...options }) => {
    const base = endpoint.replace(/\/$/, '') || REGIONS[options.region]
    return { ...options, endpoint: `${base}/v1/accounts/${options.account}/events` }
  })

/** Parsed; `endpoint` is where the account's events are posted. */
export type NewRelicOptions = z.output<typeof NewRelicOptions>
