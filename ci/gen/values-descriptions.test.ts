import { expect, test } from 'vitest'
import { describeKeys } from './values-descriptions.ts'

const schema = {
  type: 'object' as const,
  properties: {
    agent: { type: 'object' as const, properties: { interval: { type: 'string' as const } } },
    labels: { type: 'object' as const },
  },
}

test('comments of values.yaml become descriptions, without the examples below them', () => {
  const described = describeKeys(
    schema,
    `# About the file.

# -- What runs on every node.
agent:
  # -- How often traffic
  # is read.
  interval: 10s
# -- Labels of all objects.
#   team: network
labels: {}
`,
  )
  expect(described).toMatchObject({
    properties: {
      agent: {
        description: 'What runs on every node.',
        properties: { interval: { description: 'How often traffic is read.' } },
      },
      labels: { description: 'Labels of all objects.' },
    },
  })
})

test('a key without a comment and one that the schema does not know are named together', () => {
  const valuesYaml = 'agent:\n  interval: 10s\n  # -- Nobody reads it.\n  intervall: 10s\n'
  expect(() => describeKeys(schema, valuesYaml)).toThrow(
    'agent.interval: has no "# --" comment\nagent.intervall: is not in ci/gen/values.ts',
  )
})
