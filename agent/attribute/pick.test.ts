import { assert, json, property } from 'fast-check'
import { expect, test } from 'vitest'
import { pick } from './pick.ts'
import type { Shape } from './pick.ts'

const shape: Shape = {
  keys: {
    name: true,
    spec: { keys: { node: true } },
    items: { entries: { keys: { ip: true } } },
  },
}

test('what is wanted is there as it stands, the rest is not', () => {
  const object = {
    name: 'größer "than" \\ ever\n☂',
    managed: { 'f:a': { 'k:{"ip":"10.0.0.1"}': {} }, text: '}]{["\\"' },
    spec: { node: 'node-1', list: [1, [2, { a: '"' }], -3.5e7, true, null] },
    items: [{ ip: '10.0.0.1', more: [] }, { more: {} }],
  }
  for (const text of [JSON.stringify(object), JSON.stringify(object, undefined, 2)]) {
    expect(pick(Buffer.from(text), shape)).toEqual({
      name: object.name,
      spec: { node: 'node-1' },
      items: [{ ip: '10.0.0.1' }, {}],
    })
  }
})

test('a value of another kind than expected comes whole', () => {
  for (const value of [{ spec: null }, { spec: 7 }, { spec: [1] }, { items: { ip: 1 } }, {}]) {
    expect(pick(Buffer.from(JSON.stringify(value)), shape)).toEqual(value)
  }
})

test('with everything wanted it gives what JSON.parse gives, and so it skips whatever there is', () => {
  assert(
    property(json(), json(), (one, other) => {
      expect(pick(Buffer.from(one), true)).toEqual(JSON.parse(one))
      const text = `{"skipped":${one},"wanted":${other},"also":${one}}`
      expect(pick(Buffer.from(text), { keys: { wanted: true } })).toEqual({
        wanted: JSON.parse(other),
      })
    }),
  )
})

test('an object that is cut anywhere is refused', () => {
  const text = '{"name":"a\\"b","skip":[{"x":1.5},"y"],"spec":{"node":"n"},"items":[{"ip":"1"}]}'
  for (let length = 0; length < text.length; length++) {
    expect(() => pick(Buffer.from(text.slice(0, length)), shape)).toThrow(SyntaxError)
  }
})

test.each(['{} {}', '{"name":"a"}x', '{name:1}', '{"name" 1}', '{"a":}', '[1 2]', '{"a":1 "b":2}'])(
  '%s is refused',
  text => {
    expect(() => pick(Buffer.from(text), { keys: { name: true } })).toThrow(SyntaxError)
  },
)
