import { once } from "node:events";
import { createServer } from "node:http";
import { agentMetadata, generateSigningKey, signRequest, toJwks } from "aauth";
import type { PreparedRequest } from "../route/load.ts";

const content = { "content-type": "application/json" };
const body = Buffer.from(JSON.stringify({ text: "x".repeat(1013) }));

/** An agent that the policy lets in: serves its key, and signs with it. */
export interface BenchAgent {
  readonly id: string;
  /** A POST of 1 KB, never the same twice. */
  signed(url: string): Promise<PreparedRequest>;
  /** The same without a signature. */
  unsigned(url: string): PreparedRequest;
  stop(): void;
}

/** @param port of 127.0.0.1, where its documents are to be found */
export async function startAgent(port: number): Promise<BenchAgent> {
  const id = `http://127.0.0.1:${port}`;
  const key = await generateSigningKey({ kid: "bench-1" });
  const documents: Readonly<Record<string, unknown>> = {
    "/.well-known/aauth-agent": agentMetadata({ agent: id }),
    "/jwks.json": toJwks([key]),
  };
  const server = createServer(({ url = "" }, response) => {
    const document = documents[url];
    response.writeHead(document === undefined ? 404 : 200, content);
    response.end(JSON.stringify(document ?? {}));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    id,
    async signed(url) {
      const { headers } = await signRequest(
        { method: "POST", url, headers: content, body },
        { key, signatureKey: { scheme: "jwks", id } },
      );
      return { headers: { host: new URL(url).host, ...content, ...headers }, body };
    },
    unsigned: (url) => ({ headers: { host: new URL(url).host, ...content }, body }),
    stop: () => server.close(),
  };
}
