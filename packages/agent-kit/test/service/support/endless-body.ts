const PIECE_BYTES = 65_536;

/**
 * A body that continues as long as it is read, and the number of bytes read.
 *
 * @param options.start its beginning
 * @param options.maxBytes its length: a test of a missing bound must not exhaust the machine's
 * memory
 */
export function endlessBody({ start = "", maxBytes = 8_388_608 } = {}) {
  const read = { bytes: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(start || " ")),
    pull(controller) {
      if (read.bytes >= maxBytes) return controller.close();
      read.bytes += PIECE_BYTES;
      controller.enqueue(new Uint8Array(PIECE_BYTES).fill(0x61));
    },
    cancel() {
      read.isCancelled = true;
    },
  });
  return { body, read };
}
