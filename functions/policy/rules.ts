import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import { isRecord } from '../prometheus/json.ts'

/**
 * The rules in `text`, or those that Helm makes of it where it holds values of the chart: PromQL of
 * policies is written there and nowhere else. Throws an Error with Helm's own words, or with what to do
 * where there is no Helm or no chart.
 */
export async function rulesOf(input: {
  readonly file: string
  readonly chart: string
  readonly text: string
}): Promise<string> {
  const { file, chart, text } = input
  if (!holdsValues(text)) return text
  const byHand = `helm template RELEASE CHART -f ${file} -s templates/rules.yaml | podatlas policy check -f -`
  if (!existsSync(join(chart, 'Chart.yaml'))) {
    throw new Error(
      `${file} holds values, and there is no chart here that makes rules of them. Use --chart, or hand over the rules:\n  ${byHand}`,
    )
  }
  const words = ['template', 'podatlas', chart, '--values=-', '--show-only=templates/rules.yaml']
  // Whoever gets the rules, this object holds them.
  return await helm([...words, '--set=rules.configMap.enabled=true'], text, byHand)
}

function holdsValues(text: string): boolean {
  return parseAllDocuments(text).some(document => {
    const content: unknown = document.toJS()
    return isRecord(content) && isRecord(content['geofence'])
  })
}

async function helm(words: readonly string[], values: string, byHand: string): Promise<string> {
  const child = spawn('helm', words, { stdio: 'pipe' })
  child.stdin.on('error', () => {})
  child.stdin.end(values)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', cause => {
      const text = `there is no helm in PATH to make rules of values. Hand over the rules:\n  ${byHand}`
      reject(new Error(text, { cause }))
    })
  })
  const [code, rules, complaint] = await Promise.all([
    ended,
    textOf(child.stdout),
    textOf(child.stderr),
  ])
  if (code !== 0) throw new Error(complaint.trim())
  return rules
}
