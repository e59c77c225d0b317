/**
 * A runtime handler whose pod network has one address: a pod of this RuntimeClass gets the address
 * that the one before it had.
 */
export const oneAddress = { handler: 'one-address', address: '198.51.100.250' } as const
