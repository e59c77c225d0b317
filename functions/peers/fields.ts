import { isRecord } from '../prometheus/json.ts'

/** What an API server sent, of which nothing is certain. */
export type Fields = Readonly<Record<string, unknown>>

const nothing: Fields = {}

export function fieldsAt(fields: Fields, key: string): Fields {
  const value = fields[key]
  return isRecord(value) ? value : nothing
}

/** Empty where there is no text. */
export function textAt(fields: Fields, key: string): string {
  const value = fields[key]
  return typeof value === 'string' ? value : ''
}

export function textsAt(fields: Fields, key: string): readonly string[] {
  const value = fields[key]
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : []
}

export function listAt(fields: Fields, key: string): readonly Fields[] {
  const value = fields[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** A time as whole seconds since the epoch; 0 where there is none. */
export function secondsAt(fields: Fields, key: string): number {
  return Math.floor(Date.parse(textAt(fields, key)) / 1_000) || 0
}
