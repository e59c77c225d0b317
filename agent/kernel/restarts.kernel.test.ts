import { restartScenarios } from './test/restarts.ts'
import { testScenarios } from './test/scenario-tests.ts'

testScenarios(restartScenarios)
