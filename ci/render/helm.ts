import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { type Tool, toolPath } from '../tools/tool.ts'

const run = promisify(execFile)

export const chartFolder = join(import.meta.dirname, '../../chart')

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
})

/** One object of a render. */
export type Manifest = z.output<typeof Manifest>

/** The values files for each way of use, as absolute paths. */
export const valuesFiles: readonly string[] = readdirSync(join(chartFolder, 'ci'))
  .filter(name => name.endsWith('-values.yaml'))
  .map(name => join(chartFolder, 'ci', name))

/** The versions of Helm that people have, the newest first. */
export const helms = ['helm', 'helm3'] as const satisfies readonly Tool[]
type Helm = (typeof helms)[number]

type Release = {
  readonly chart?: string
  readonly release?: string
  readonly namespace?: string
  readonly helm?: Helm
}

/** What `helm template` prints for release podatlas in namespace observability. Throws with Helm's words on stderr. */
export async function template(
  args: readonly string[] = [],
  {
    chart = chartFolder,
    release = 'podatlas',
    namespace = 'observability',
    helm = 'helm',
  }: Release = {},
): Promise<string> {
  const all = ['template', release, chart, '--namespace', namespace, ...args]
  const { stdout } = await run(toolPath(helm, 'helm'), all, { maxBuffer: 64 * 2 ** 20 })
  return stdout
}

const Stored = z.looseObject({
  info: z.looseObject({ notes: z.string() }),
  chart: z.looseObject({}),
  manifest: z.string(),
})

/** What Helm would store of the release podatlas in namespace observability, its notes among it. */
export async function stored(args: readonly string[] = [], chart = chartFolder) {
  const all = ['install', 'podatlas', chart, '--namespace', 'observability', ...args]
  const { stdout } = await run(toolPath('helm'), [...all, '--dry-run=client', '--output=json'], {
    maxBuffer: 64 * 2 ** 20,
  })
  return Stored.parse(JSON.parse(stdout))
}

/** The objects of a render. Refuses what Helm lets through and an API server may not: a key given twice. */
export function parse(rendered: string): Manifest[] {
  const documents = parseAllDocuments(rendered, { uniqueKeys: true, version: '1.1' })
  if (!Array.isArray(documents)) return []
  return documents
    .map(document => {
      const [fault] = document.errors
      if (fault) throw fault
      return document.toJS() as unknown
    })
    .filter(value => value !== null)
    .map(value => Manifest.parse(value))
}

export async function render(args: readonly string[] = []): Promise<Manifest[]> {
  return parse(await template(args))
}

/** The object of that kind and name. Throws if the render does not hold it. */
function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find(one => one.kind === kind && one.metadata.name === name)
  if (!found) throw new Error(`no ${kind} ${name} in the render`)
  return found
}

/** What a ConfigMap of the render holds under a key. */
export function fileOf(manifests: readonly Manifest[], name: string, key: string): string {
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(find(manifests, 'ConfigMap', name))
  const content = data[key]
  if (content === undefined) throw new Error(`ConfigMap ${name} has no ${key}`)
  return content
}
