import { expect, vi } from 'vitest'
import { promql } from './running.ts'

/** How the agent says that it counts UDP: Prometheus may not have heard it yet. */
export async function udpMode(): Promise<string> {
  return await vi.waitFor(
    async () => {
      const [mode] = await promql('podatlas_agent_udp_mode == 1')
      expect(mode?.labels['mode']).toMatch(/./)
      return mode?.labels['mode'] ?? ''
    },
    { timeout: 60_000, interval: 500 },
  )
}
