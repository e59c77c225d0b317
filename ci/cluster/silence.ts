import { run } from '../image/run.ts'
import { kubectl } from './running.ts'

const apiPort = '6443'

/**
 * While `work` runs, no answer of the API server reaches the agent: its connections are there, and
 * silent. Nobody else in the cluster notices. What the API server has to say waits in its socket, and comes
 * with the next repetition, which TCP makes at twice the distance of the one before.
 */
export async function whileApiServerIsSilent(work: () => Promise<void>): Promise<void> {
  const agent = ['-n', 'podatlas', 'get', 'pod', '-l', 'app.kubernetes.io/component=agent']
  const address = await kubectl([...agent, '-o=jsonpath={.items[0].status.podIP}'])
  const rule = ['OUTPUT', '-d', address, '-p', 'tcp', '--sport', apiPort, '-j', 'DROP']
  await run('iptables', ['--wait', '-I', ...rule])
  try {
    await work()
  } finally {
    await run('iptables', ['--wait', '-D', ...rule])
  }
}
