/**
 * The encodings of points of order 1, 2, 4 and 8 on edwards25519, sign bit cleared, non-canonical
 * ones included (RFC 8032 section 5.1; the list follows from the eight torsion points). With such a
 * public key, one signature can verify for many messages. Not every platform refuses it (OpenSSL
 * 3.0 does not, 3.5 does).
 */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  `00${"00".repeat(31)}`,
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
].map((hex) =>
  Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16)),
);

const FIRST_BYTES: ReadonlySet<number | undefined> = new Set(SMALL_ORDER_Y.map((y) => y[0]));

/** True when the 32 bytes are a public key that proves nothing. */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  if (!FIRST_BYTES.has(publicKey[0])) return false;
  return SMALL_ORDER_Y.some((y) =>
    // The top bit of the last byte is the sign of x.
    y.every((byte, index) => byte === (index === 31 ? publicKey[31]! & 0x7f : publicKey[index])),
  );
}
