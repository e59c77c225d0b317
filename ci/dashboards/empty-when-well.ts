/** Panels that show nothing as long as nothing is wrong, or nobody has asked for it: by dashboard, with the reason. */
export const emptyWhenWell: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'podatlas-overview': { Alerts: 'no alert fires' },
  'podatlas-traffic': {
    'Process traffic by PID, received': 'agent.processes.enabled is off',
    'Process traffic by PID, sent': 'agent.processes.enabled is off',
    Folded: 'the budget has room',
  },
  'podatlas-world': { 'Not placed': 'every address is in the database' },
  'podatlas-geofence': {
    'Not judged': 'the budget has room',
    Where: 'no policy is violated',
    Violations: 'no policy is violated',
    Attempts: 'no policy is violated',
    Alerts: 'no alert fires',
  },
  'podatlas-peers': { Unresolved: 'every address is known' },
  'podatlas-tcp': {
    Retransmits: 'no segment is lost',
    'Retransmits per MiB sent': 'no segment is lost',
    'By node': 'no segment is lost',
    Resets: 'no connection is broken off',
    'Worst peers': 'no segment is lost',
  },
  'podatlas-agent': {
    'Nodes without agent': 'every node has one',
    'Lost, by reason': 'nothing is lost',
    'Not attributed, by reason': 'everybody is known',
    Faults: 'there is none',
    'Kernel programs': 'statistics of the kernel are off',
    Folded: 'the budget has room',
    'Replaced and without series': 'the budget has room',
    'Sinks: failed': 'every request succeeds',
    'Sinks: spool': 'no sink has one',
    'Sinks: waiting': 'no sink has a spool',
    'Faults of geoip and peers': 'there is none',
  },
}
