/** Every address of the test cluster is a documentation address (RFC 5737), so none is anybody's. */
export const addresses = {
  pods: '198.51.100.0/24',
  /** The bridge: gateway of the pods, and where API server and name server listen. */
  node: '198.51.100.1',
  /** Those up to .16 are for Services that ask for one; the others are given away at random (KEP-3070). */
  services: '203.0.113.0/24',
  /** The service `kubernetes`: Kubernetes gives it the first address of the range. */
  apiService: '203.0.113.1',
  worldRange: '192.0.2.0/24',
  worldGateway: '192.0.2.1',
} as const

/** Who runs the networks of these places: numbers that are set aside for documentation (RFC 5398). */
export const networks = [
  { network: '192.0.2.0/27', asn: 64_496, as_name: 'Example North' },
  { network: '192.0.2.32/27', asn: 64_497, as_name: 'Example South' },
] as const

/** The places outside the cluster that the example pods talk to, by address. */
export const places = [
  { address: '192.0.2.10', country: 'DE', city: 'Berlin', latitude: 52.52, longitude: 13.405 },
  { address: '192.0.2.20', country: 'JP', city: 'Tokyo', latitude: 35.6895, longitude: 139.6917 },
  { address: '192.0.2.30', country: 'BR', city: 'Recife', latitude: -8.0476, longitude: -34.877 },
  { address: '192.0.2.40', country: 'ZA', city: 'Durban', latitude: -29.8587, longitude: 31.0218 },
] as const
