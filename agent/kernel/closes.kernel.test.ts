import { closeScenarios } from './test/closes.ts'
import { testScenarios } from './test/scenario-tests.ts'

testScenarios(closeScenarios)
