import { expect, test } from 'vitest'
import { readLabels } from './labels.ts'

const known = new Map([
  ['sent', new Set(['pod', 'ip', 'role'])],
  ['place', new Set(['ip', 'country', 'instance'])],
  ['up', new Set(['job', 'instance'])],
])

test.each([
  ['sent', 'ip,pod,role'],
  ['rate(sent{role="client"}[5m])', 'ip,pod,role'],
  ['sum by (pod) (rate(sent[5m]))', 'pod'],
  ['sum without (ip) (sent)', 'pod,role'],
  ['topk by (ip) (1, place)', 'country,instance,ip'],
  ['sent * on (ip) group_left (country) topk by (ip) (1, place)', 'country,ip,pod,role'],
  ['sum by (ip) (sent) / on (ip) sum by (ip) (place)', 'ip'],
  ['label_replace(sent unless on (ip) place, "country", "none", "", "")', 'country,ip,pod,role'],
  ['sum by (pod) (sent) or sum by (country) (place)', 'country,pod'],
  ['sent > 5 * time() - 1', 'ip,pod,role'],
  ['absent(up{job="geo"} == 1)', ''],
  ['absent(up{job="geo"})', 'job'],
  ['last_over_time(sum by (pod) (sent)[6d:1m] offset 1d)', 'pod'],
  ['vector(1)', ''],
])('the labels of %s are found', (expr, labels) => {
  const reading = readLabels(expr, known)
  expect(reading.faults).toEqual([])
  expect([...(reading.labels ?? [])].toSorted().join()).toBe(labels)
})

test.each([
  ['snet', 'there is no series snet'],
  ['sent{rôle="client"}', 'no PromQL'],
  ['sent{rol="client"}', 'sent has no label rol'],
  ['sum by (country) (sent)', 'sent has no label country'],
  ['sent * on (city) group_left (country) place', 'sent has no label city'],
  ['sent * on (ip) group_left (city) place', 'place has no label city'],
  ['sent unless on (pod) place', 'place has no label pod'],
  ['sent / place', 'have other labels, and no "on" says which'],
  ['label_replace(sent, "a", "$1", "b", "(.+)")', 'sent has no label b'],
  ['sum(', 'no PromQL'],
])('a fault in %s is told', (expr, fault) => {
  const faults = () => readLabels(expr, known).faults.join()
  if (fault === 'no PromQL') expect(faults).toThrow(fault)
  else expect(faults()).toContain(fault)
})

test.each([
  ['sent', false],
  ['sum(sent)', false],
  ['sum(sent > 0)', true],
  ['sum by (pod) (sent) > 0', true],
  ['sent > bool 0', false],
  ['sent unless on (ip) place', true],
  ['absent(sent)', true],
  ['sent > 0 or place', false],
  ['sent > 0 or place > 0', true],
  ['sent > 0 and on (ip) place', true],
  ['topk(3, sent)', false],
])('whether %s depends on a condition is found', (expr, isConditional) => {
  expect(readLabels(expr, known).isConditional).toBe(isConditional)
})
