import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml'
import type { z } from 'zod'

type JsonSchema = z.core.JSONSchema.BaseSchema

/**
 * The schema with the `# --` comments of values.yaml as descriptions. Throws an Error that lists every key of values.yaml
 * that has no comment or no place in the schema.
 */
export function describeKeys(schema: JsonSchema, valuesYaml: string): JsonSchema {
  const faults: string[] = []
  const { contents } = parseDocument(valuesYaml)
  if (!isMap(contents)) throw new Error('values.yaml: holds no map')
  const described = describeMap(schema, contents, '', faults)
  if (faults.length > 0) throw new Error(`values.yaml has faults:\n${faults.join('\n')}`)
  return described
}

function describeMap(schema: JsonSchema, map: YAMLMap, at: string, faults: string[]): JsonSchema {
  const properties = { ...schema.properties }
  const isOpen = schema.properties === undefined
  map.items.forEach(({ key, value }, index) => {
    if (!isScalar(key)) return
    const name = String(key.value)
    const path = at === '' ? name : `${at}.${name}`
    // A comment over the first key of a map belongs to the map for the parser.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined)
    const description = textOf(comment ?? '')
    // Flow maps such as {type: RuntimeDefault} are one value, and so is a map of sections.
    const isSection = isMap(value) && !value.flow
    if (description === '' && !isSection) faults.push(`${path}: has no "# --" comment`)
    const own = properties[name]
    if (own === undefined && !isOpen) faults.push(`${path}: is not in ci/gen/values.ts`)
    if (typeof own === 'boolean') return
    const inner = isSection ? describeMap(own ?? {}, value, path, faults) : own
    if (inner !== undefined && !isOpen)
      properties[name] = description === '' ? inner : { ...inner, description }
  })
  return isOpen ? schema : { ...schema, properties }
}

/** The text behind `--` up to the next blank line, without the examples that follow it. */
function textOf(comment: string): string {
  const start = comment.indexOf(' -- ')
  if (start < 0) return ''
  const lines = comment.slice(start + 4).split('\n')
  const end = lines.findIndex(line => /^\s{3}/.test(line))
  const text = end < 0 ? lines : lines.slice(0, end)
  return text.map(line => line.trim()).join(' ')
}
