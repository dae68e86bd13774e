const PIECE_BYTES = 65_536;

/**
 * A body that goes on for as long as somebody reads it, and what was read of it.
 *
 * @param options.start what it begins with
 * @param options.maxBytes where it ends all the same: a test of a bound that is gone must not take
 * the machine's memory
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
