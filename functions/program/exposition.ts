const special = /[\\"\n]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

/** The two lines above the samples of a gauge. */
export function gaugeHead(name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`
}

/** ` name="value",` or nothing: an unknown label is absent, not empty. */
export function label(name: string, value: string | number | undefined): string {
  return value === undefined || value === '' ? '' : `${name}="${escapeValue(String(value))}",`
}

export function escapeValue(value: string): string {
  return special.test(value)
    ? value.replaceAll(/[\\"\n]/g, character => escapes[character] ?? character)
    : value
}

/** Infinities are written in their own way. */
export function sampleValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
