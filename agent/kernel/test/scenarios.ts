import { changeScenarios } from './changes.ts'
import { closeScenarios } from './closes.ts'
import { olderScenarios } from './older.ts'
import { ownershipScenarios } from './ownership.ts'
import { processScenarios } from './processes.ts'
import { raceScenarios } from './races.ts'
import { restartScenarios } from './restarts.ts'
import type { Scenario } from './scenario.ts'
import { udpScenarios } from './udp.ts'
import { unseenScenarios } from './unseen.ts'

/** What every kernel of ci/vm must do: a list per subject, which that subject's tests also run here. */
export const scenarios: readonly Scenario[] = [
  ...changeScenarios,
  ...closeScenarios,
  ...olderScenarios,
  ...ownershipScenarios,
  ...processScenarios,
  ...raceScenarios,
  ...restartScenarios,
  ...udpScenarios,
  ...unseenScenarios,
]
