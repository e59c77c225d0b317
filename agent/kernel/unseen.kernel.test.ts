import { testScenarios } from './test/scenario-tests.ts'
import { unseenScenarios } from './test/unseen.ts'

testScenarios(unseenScenarios)
