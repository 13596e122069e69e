/** Chunks that are read before they are asked for. */
const CHUNKS_AHEAD = 2;

/** The chunks of a generator as a stream that stays two ahead of its reader; cancelling ends the generator. */
export function readAhead<T>(chunks: AsyncGenerator<T>): ReadableStream<T> {
  return new ReadableStream<T>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  }, { highWaterMark: CHUNKS_AHEAD });
}
