/** A change of a release, in the words of Artifact Hub. */
export type Change = { readonly kind: string; readonly description: string }

/** What the kinds of docs/CHANGELOG.md are called there. */
const kinds: Readonly<Record<string, string>> = {
  FEATURE: 'added',
  ENHANCEMENT: 'changed',
  CHANGE: 'changed',
  DEPRECATION: 'deprecated',
  REMOVAL: 'removed',
  BUGFIX: 'fixed',
  SECURITY: 'security',
}

/**
 * The changes of a version, as the text of docs/CHANGELOG.md has them below its heading.
 * Errors: the version has no changes, or a line is no entry of a known kind.
 */
export function changesOf(version: string, changelog: string): Change[] {
  const sections = changelog.split(/^## /m).slice(1)
  const section = sections.find(text => /^\S*/.exec(text)?.[0] === version)
  const lines =
    section
      ?.split('\n')
      .slice(1)
      .filter(line => line.trim() !== '') ?? []
  if (lines.length === 0) throw new Error(`docs/CHANGELOG.md has no changes of ${version}`)
  return lines.map(line => {
    const [, kind = '', description = ''] = /^- \[([A-Z]+)\] (.*\S)$/.exec(line) ?? []
    const known = kinds[kind]
    if (known !== undefined) return { kind: known, description }
    const all = Object.keys(kinds).join(', ')
    throw new Error(`docs/CHANGELOG.md: no entry "- [KIND] part: …" (KIND: ${all}): ${line}`)
  })
}
