import { expect, test } from 'vitest'
import { changesOf } from './changes.ts'

const changelog = `# Changelog

## 1.10.0 (unreleased)

- [FEATURE] chart: a value: "new" # and more.
- [SECURITY] agent: closed.

## 1.1.0

- [BUGFIX] geoip: mended.
`

test('a release has the changes of its own section, by the kinds of Artifact Hub', () => {
  expect(changesOf('1.10.0', changelog)).toEqual([
    { kind: 'added', description: 'chart: a value: "new" # and more.' },
    { kind: 'security', description: 'agent: closed.' },
  ])
  expect(changesOf('1.1.0', changelog)).toEqual([{ kind: 'fixed', description: 'geoip: mended.' }])
})

test('a version that nobody wrote about is not released', () => {
  expect(() => changesOf('1.1', changelog)).toThrow('docs/CHANGELOG.md has no changes of 1.1')
  expect(() => changesOf('2.0.0', `${changelog}\n## 2.0.0\n`)).toThrow('no changes of 2.0.0')
})

test.each(['- [FIX] agent: mended.', '- agent: mended.', 'and more'])(
  '"%s" is refused with what entries look like',
  line => {
    expect(() => changesOf('2.0.0', `## 2.0.0\n\n${line}\n`)).toThrow(
      `no entry "- [KIND] part: …" (KIND: FEATURE, ENHANCEMENT, CHANGE, DEPRECATION, REMOVAL, BUGFIX, SECURITY): ${line}`,
    )
  },
)
