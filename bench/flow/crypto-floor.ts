import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { quantile } from "../measure.ts";

/** Cryptographic operations of one flow over both hops. */
export interface OperationCounts {
  readonly ed25519Signs: number;
  readonly ed25519Verifies: number;
  readonly rs256Signs: number;
  readonly rs256Verifies: number;
}

const BASE_BYTES = 700;
const BODY_BYTES = 1024;
const SAMPLES = 25;

/** What the operations of a flow cost when nothing else is done: the limit of the platform, with keys that are imported already. */
export function createCryptoFloor(): { sampleMs(counts: OperationCounts): number } {
  const ed25519 = generateKeyPairSync("ed25519");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const body = Buffer.alloc(BODY_BYTES, "x");
  const base = Buffer.alloc(BASE_BYTES, "x");
  const signature = sign(null, base, ed25519.privateKey);
  const rs256 = sign("sha256", base, rsa.privateKey);
  const digest = () => hash("sha256", body, "base64");
  return {
    sampleMs(counts) {
      const { ed25519Signs, ed25519Verifies, rs256Signs, rs256Verifies } = counts;
      return (
        ed25519Signs * medianMs(() => [digest(), sign(null, base, ed25519.privateKey)]) +
        ed25519Verifies * medianMs(() => [digest(), verify(null, base, ed25519.publicKey, signature)]) +
        (rs256Signs && rs256Signs * medianMs(() => sign("sha256", base, rsa.privateKey))) +
        (rs256Verifies && rs256Verifies * medianMs(() => verify("sha256", base, rsa.publicKey, rs256)))
      );
    },
  };
}

/** The median of single operations: those that something else has got in the way of do not count. */
function medianMs(operation: () => unknown): number {
  const times = Array.from({ length: SAMPLES }, () => {
    const startedAt = performance.now();
    operation();
    return performance.now() - startedAt;
  });
  return quantile(times, 0.5);
}
