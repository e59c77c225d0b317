import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { chartFolder, parse, stored, template, valuesFiles } from './helm.ts'

const everything = join(chartFolder, 'tests/everything-values.yaml')
const uses = [...valuesFiles, everything].map(path => [basename(path), path] as const)

test.each(uses)(
  '%s: the notes name objects that are there, and settings that are taken',
  async (_, path) => {
    const values = [`--values=${path}`]
    const { manifest, info } = await stored(values)
    const objects = parse(manifest).map(
      ({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`,
    )
    const named = [...info.notes.matchAll(/\b(?:daemonset|deployment|service)\/[\w-]+/g)]
    expect(named.length).toBeGreaterThan(0)
    for (const [name] of named) expect(objects).toContain(name)

    const settings = [...info.notes.matchAll(/--set ([\w.-]+=[\w./-]+)/g)]
    for (const [, setting = ''] of settings)
      expect(await template([...values, `--set=${setting}`])).not.toBe(await template(values))
  },
)
