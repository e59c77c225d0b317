/** Till V8 has compiled what is measured. */
const WARM_UP_ROUNDS = 3

/**
 * CPU time of each way in ms, one figure a round, all ways in each: not by the clock, because what others
 * do on the machine would be the larger part.
 */
export async function cpuRounds(
  ways: Readonly<Record<string, () => unknown>>,
  rounds: number,
): Promise<Record<string, number[]>> {
  const cpuMs = Object.fromEntries(Object.keys(ways).map(name => [name, [] as number[]]))
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      const before = process.cpuUsage()
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
      await way()
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) cpuMs[name]?.push((user + system) / 1e3)
    }
  return cpuMs
}
