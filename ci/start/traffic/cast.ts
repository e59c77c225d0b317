import type { Call, Plan } from './plan.ts'

/** Who talks in the demo world, where and how: documentation addresses only, placed by places.json. */
export type Actor = {
  /** Named like a systemd unit, since the agent takes a cgroup's name for the container's. */
  readonly name: string
  /** Out of networks that places.json leaves out. None: the far ends, which hold all others. */
  readonly addresses: readonly string[]
  readonly plan: Plan
}

const kiB = 1_024

const web = { address: '192.0.2.10', addressV6: '2001:db8:ffff::10', port: 443 }

const once = { staysOpen: false }
const kept = { staysOpen: true }

/** The demo's own internet: the end that is elsewhere for everyone else. */
export const farEnds = 'internet.service'

/** The far ends come first, and listen on every port that the others call. */
export const cast: readonly Actor[] = [
  {
    name: farEnds,
    addresses: [],
    plan: {
      listen: [22, 443, 5_222, 8_883],
      calls: [
        visit('198.51.100.20', web.address, 40 * kiB, 1_200),
        visit('203.0.113.20', web.address, 90 * kiB, 1_700),
        visit('2001:db8:27::20', web.addressV6, 25 * kiB, 2_300),
      ],
    },
  },
  {
    name: 'web.service',
    addresses: [web.address, web.addressV6],
    plan: {
      listen: [web.port],
      calls: [
        { ...once, ...to('203.0.113.5', 443), ...bytes(600, 18 * kiB), pauseMs: 900 },
        { ...once, ...to('2001:db8:33::5', 443), ...bytes(700, 30 * kiB), pauseMs: 1_500 },
      ],
    },
  },
  {
    name: 'checkout.service',
    addresses: ['192.0.2.11', '2001:db8:ffff::11'],
    plan: {
      listen: [],
      calls: [
        { ...once, ...to('203.0.113.50', 443), ...bytes(1_900, 2_400), pauseMs: 700 },
        { ...once, ...to('198.51.100.50', 443), ...bytes(1_400, 5_200), pauseMs: 1_100 },
        { ...kept, ...to('203.0.113.37', 443), ...bytes(350, 420), pauseMs: 400 },
        { ...once, ...to('2001:db8:52::7', 443), ...bytes(2_100, 900), pauseMs: 1_900 },
      ],
    },
  },
  {
    name: 'backup.service',
    addresses: ['192.0.2.12', '2001:db8:ffff::12'],
    plan: {
      listen: [],
      calls: [
        { ...kept, ...to('198.51.100.82', 22), ...bytes(96 * kiB, 64), pauseMs: 250 },
        { ...once, ...to('198.51.100.3', 443), ...bytes(512 * kiB, 200), pauseMs: 4_000 },
      ],
    },
  },
  {
    name: 'telemetry.service',
    addresses: ['192.0.2.13', '2001:db8:ffff::13'],
    plan: {
      listen: [],
      calls: [
        { ...kept, ...to('2001:db8:82::9', 8_883), ...bytes(240, 16), pauseMs: 500 },
        { ...kept, ...to('198.51.100.40', 5_222), ...bytes(128, 96), pauseMs: 1_000 },
        { ...once, ...to('198.51.100.70', 443), ...bytes(12 * kiB, 120), pauseMs: 3_000 },
      ],
    },
  },
]

function visit(from: string, address: string, responseBytes: number, pauseMs: number): Call {
  return { ...once, from, ...to(address, web.port), ...bytes(480, responseBytes), pauseMs }
}

function to(address: string, port: number) {
  return { address, port }
}

function bytes(requestBytes: number, responseBytes: number) {
  return { requestBytes, responseBytes }
}
