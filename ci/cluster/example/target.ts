/** `ADDRESS:PORT,name=12,flag`: whom to talk to, or where to listen, and how. */
export type Target = {
  readonly address: string
  readonly port: number
  readonly flags: readonly string[]
  readonly number: (name: string, otherwise: number) => number
}

export function parseTarget(spec: string): Target {
  const [place = '', ...settings] = spec.split(',')
  const [address = '', port] = place.split(':')
  const numbers = new Map(
    settings.filter(setting => setting.includes('=')).map(setting => pair(setting)),
  )
  return {
    address,
    port: Number(port),
    flags: settings.filter(setting => !setting.includes('=')),
    number: (name, otherwise) => numbers.get(name) ?? otherwise,
  }
}

/** Whether SIGUSR2 has come, for what goes on until then. */
export function untilTold({ flags }: Target): () => boolean {
  let isTold = false
  if (flags.includes('stream') || flags.includes('repeat')) {
    process.once('SIGUSR2', () => (isTold = true))
  }
  return () => isTold
}

function pair(setting: string): [string, number] {
  const [name = '', value] = setting.split('=')
  return [name, Number(value)]
}
