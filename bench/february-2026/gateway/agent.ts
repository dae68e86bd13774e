import { signRequest } from "aauth";
import { february2026 } from "aauth/february-2026";
import { startVisitor } from "../../../scripts/february-2026/visitor.ts";
import type { PreparedRequest } from "../route/load.ts";

const content = { "content-type": "application/json" };
const body = Buffer.from(JSON.stringify({ text: "x".repeat(1013) }));

/** An agent that the policy lets in: serves its key, and signs with it. */
export interface BenchAgent {
  readonly id: string;
  /** A POST of 1 KB, different each time. */
  signed(url: string): Promise<PreparedRequest>;
  /** The POST without a signature. */
  unsigned(url: string): PreparedRequest;
  stop(): Promise<void>;
}

export async function startAgent(): Promise<BenchAgent> {
  const { id, key, stop } = await startVisitor([]);
  return {
    id,
    async signed(url) {
      const request = { method: "POST", url, headers: content, body };
      const { headers } = await signRequest(request, {
        profile: february2026,
        key,
        signatureKey: { scheme: "jwks", id },
      });
      return { headers: { host: new URL(url).host, ...content, ...headers }, body };
    },
    unsigned: (url) => ({ headers: { host: new URL(url).host, ...content }, body }),
    stop,
  };
}
