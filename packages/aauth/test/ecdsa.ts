/** Order of the group of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other form of an ECDSA signature (r and s), with `-s` for `s`, which verifies as well. */
export function flipS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  const flipped = Buffer.from((ORDER - s).toString(16).padStart(64, "0"), "hex");
  return new Uint8Array([...signature.subarray(0, 32), ...flipped]);
}
