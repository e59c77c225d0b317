// Prometheus' staleness marker, as two words: arithmetic on this NaN would set its quiet bit, and a
// marker with the quiet bit is an ordinary NaN.
export const STALE_HIGH = 0x7ff00000
export const STALE_LOW = 0x00000002
