/** Between streams and generators. */

/** What a generator gives, as it is asked for; `stop` is called where the reader wants no more. */
export function streamOf(
  parts: AsyncGenerator<Uint8Array>,
  stop: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel(reason) {
      stop(reason)
      await parts.return(undefined)
    },
  })
}

/** The parts of a stream, which is cancelled when they are no longer asked for. */
export async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}
