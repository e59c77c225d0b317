import { runProgram } from '../program/run.ts'
import { readConfig } from './config.ts'
import { keepHeapSmall } from './heap.ts'
import { startPeers } from './peers.ts'

async function main(): Promise<void> {
  keepHeapSmall()
  process.exitCode = await runProgram({
    name: 'podatlas-peers',
    serves: 'the metrics are',
    readConfig: () => readConfig(process.argv.slice(2), process.env),
    start: startPeers,
  })
}

void main()
