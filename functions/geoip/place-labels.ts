/** Labels that geo_ip sets by itself; a carried label of the same name would hide one of them. */
export const placeLabels: readonly string[] = [
  'ip',
  'country',
  'city',
  'region',
  'zip',
  'latitude',
  'longitude',
  'asn',
  'as_name',
  'query',
]
