import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { chartFolder, template } from './helm.ts'
import { leavesOf } from './other-value.ts'

const Suite = z.object({
  values: z.array(z.string()).default([]),
  tests: z.array(
    z.object({
      it: z.string(),
      set: z.record(z.string(), z.unknown()).default({}),
      values: z.array(z.string()).default([]),
      capabilities: z.object({ apiVersions: z.array(z.string()) }).optional(),
      asserts: z.array(
        z.looseObject({
          failedTemplate: z.looseObject({ errorMessage: z.string().optional() }).optional(),
        }),
      ),
    }),
  ),
})

/** Every refusal that the suites have word for word, with what leads to it. */
const refusals = ['validation', 'exposure'].flatMap(name => {
  const folder = join(chartFolder, 'tests')
  const suite = Suite.parse(parse(readFileSync(join(folder, `${name}_test.yaml`), 'utf8')))
  return suite.tests.flatMap(({ it, set, values, capabilities, asserts }) => {
    const message = asserts.map(one => one.failedTemplate?.errorMessage ?? '').join('')
    const args = [
      ...[...suite.values, ...values].map(file => `--values=${join(folder, file)}`),
      ...Object.entries(set).map(([path, value]) => setting(path, value)),
      ...(capabilities?.apiVersions ?? []).map(version => `--api-versions=${version}`),
    ]
    return faultsOf(message).some(({ remedy }) => remedy) ? [{ it, args, message }] : []
  })
})

test('most refusals come with YAML to paste', () => {
  expect(refusals.length).toBeGreaterThan(25)
})

test.each(refusals)('$it: the YAML of the answer mends it', async ({ args, message }) => {
  const first = await refusal(args)
  expect(first).toContain(message.trim())
  // Where a value must go from its place, no other mends it.
  const isInPlace = /was renamed to|both a token|Use another name|Take them out of it/
  const mended = faultsOf(message).filter(({ remedy, says }) => remedy && !isInPlace.test(says))
  const pasted = mended.flatMap(({ remedy }) =>
    leavesOf(parse(remedy)).map(({ path, value }) =>
      setting(path.map(key => key.replaceAll('.', '\\.')).join('.'), value),
    ),
  )
  const second = await refusal([...args, ...pasted])
  expect(second).not.toMatch(/- at '\//)
  for (const { says } of mended) expect(second).not.toContain(says)
})

/** The faults of a refusal: in words, and the YAML to paste. */
function faultsOf(message: string) {
  return message
    .split(/^\d+\. /m)
    .slice(1)
    .map(text => ({
      says: text.split('\n')[0] ?? '',
      remedy: [...text.matchAll(/^ {5}.*$/gm)].map(([line]) => line.slice(5)).join('\n'),
    }))
}

/** What Helm says, or nothing where it takes the values. */
async function refusal(args: readonly string[]): Promise<string> {
  return await template(args).then(
    () => '',
    (error: unknown) => String(error),
  )
}

function setting(path: string, value: unknown): string {
  return `--set-json=${path}=${JSON.stringify(value)}`
}
