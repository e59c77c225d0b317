import { leavingOutScenario, raceScenarios } from './test/races.ts'
import { testScenarios } from './test/scenario-tests.ts'

testScenarios([...raceScenarios, leavingOutScenario])
