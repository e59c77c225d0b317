const asIs = (bytes: Buffer) => bytes

/** A service of @grpc/grpc-js with one method, `call`, that takes bytes and answers with bytes. */
export function unaryService(path: string) {
  return {
    call: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  } as const
}
