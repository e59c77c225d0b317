/** Pieces of some 64 KiB of an answer of Prometheus with so many series, as a query of 2021 yields them. */
export function* answerPieces(series: number): Generator<Buffer> {
  let text = '{"status":"success","data":{"resultType":"vector","result":['
  for (let at = 0; at < series; at++) {
    text += `${at === 0 ? '' : ','}${sampleText(at)}`
    if (text.length < 65_536) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(`${text}]}}`)
}

/** 136 bytes or so, no two of them alike; values in no order. */
function sampleText(at: number): string {
  const address = [11 + (at >>> 16), (at >>> 8) & 255, at & 255, (at * 7) & 255].join('.')
  const pod = `checkout-${at % 5_000}`
  const value = Math.imul(at, 2_654_435_761) >>> 0
  return `{"metric":{"destination_ip":"${address}","k8s_namespace":"shop-${at % 50}","k8s_pod":"${pod}"},"value":[1764331200.123,"${value}"]}`
}
