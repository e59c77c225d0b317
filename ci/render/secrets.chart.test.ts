import { expect, test } from 'vitest'
import { render, stored } from './helm.ts'

/** Every place for a secret in plain text, and what it needs around it. */
const places = {
  'sinks.main.credentials.values.password': ['sinks.main.credentials.values.username=u'],
  'sinks.main.credentials.values.token': [],
  'sinks.main.secretHeaders.values.X-Scope-OrgID': [],
  'sinks.main.credentials.values.licenseKey': ['sinks.main.type=newrelic', 'sinks.main.account=1'],
  'prometheus.upstream.credentials.values.token': [],
  'grafana.credentials.values.password': [],
}

test.each(Object.entries(places))(
  'what is given in %s is in one Secret, and nowhere else',
  async (place, around) => {
    const values = (secret: string) =>
      ['sinks.main.type=prometheus', ...around, `${place}=${secret}`].map(one => `--set=${one}`)
    const [first, second] = [await render(values('canary1')), await render(values('canary2'))]
    const changed = first.filter(
      (object, index) => JSON.stringify(object) !== JSON.stringify(second[index]),
    )
    // Neither as text nor in a checksum, by which a guess could be tried.
    expect(changed.map(({ kind }) => kind)).toEqual(['Secret'])
    expect(JSON.stringify(changed)).toContain('canary1')

    const { notes } = (await stored(values('canary1'))).info
    expect(notes).toContain('WARNING: ')
    expect(notes).not.toContain('canary1')
  },
)
