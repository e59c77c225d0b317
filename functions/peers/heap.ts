import { setFlagsFromString } from 'node:v8'

/**
 * Takes room from V8's garbage. Left alone it lets the young generation grow to 48 MB and the old one
 * to several times of what is alive while a long list comes in, which is most of the memory of a
 * large cluster. Both flags are read at each collection, so they may come this late
 * (MemoryController::GrowingFactor in v8 src/heap/memory-controller.cc, NewSpace::Grow).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20')
  setFlagsFromString('--semi-space-growth-factor=1')
}
