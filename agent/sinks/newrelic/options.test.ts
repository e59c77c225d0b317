import { expect, test } from 'vitest'
import { z } from 'zod'
import { NewRelicOptions } from './options.ts'

test.each<[string, object, RegExp]>([
  ['an account that is no number', { account: 'shop' }, /^✖ write the number.*\n  → at account$/],
  ['no account', { account: undefined }, /^✖ write the number.*\n  → at account$/],
  ['no key', { key: undefined }, /keyFile or key.*\n  → at key$/],
  ['a key twice', { keyFile: '/etc/key' }, /not both\n  → at keyFile$/],
  ['a key that fits no header', { key: 'a\nb' }, /characters.*\n  → at key$/],
  ['a region that there is none', { region: 'mars' }, /use US or EU.*\n  → at region$/],
  ['an endpoint without scheme', { endpoint: 'proxy:80' }, /use a URL like.*\n  → at endpoint$/],
  ['a login in the URL', { endpoint: 'http://u:p@proxy' }, /not the URL\n  → at endpoint$/],
  ['the header of the key', { headers: { 'API-Key': 'x' } }, /\n  → at headers\["API-Key"\]$/],
])('%s is one fault that names the setting', (_, changed, fault) => {
  const options = { type: 'newrelic', account: '42', key: 'k', ...changed }
  const { error } = NewRelicOptions.safeParse(options)
  expect(error ? z.prettifyError(error) : '').toMatch(fault)
})
