import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { agentMetadata, createDiscovery, generateSigningKey, toJwks } from "aauth";
import { createAgent, createTokenCache } from "aauth/agent";

/** An agent with an identity that others can look up. */
export interface SignedCaller {
  readonly send: typeof fetch;
  stop(): Promise<void>;
}

/** @param keepsTokens false: every flow goes through challenge and token request */
export async function startSignedCaller(issuer: string, keepsTokens: boolean): Promise<SignedCaller> {
  const key = await generateSigningKey({ kid: "bench-1" });
  const documents: Record<string, () => object> = {
    "/.well-known/aauth-agent": () => agentMetadata({ agent: id }),
    "/jwks.json": () => toJwks([key]),
  };
  const server = createServer((request, response) => {
    const document = documents[request.url ?? ""];
    response.writeHead(document ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(document?.() ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const id = `http://bench.localhost:${(server.address() as AddressInfo).port}`;
  const agent = createAgent({
    id,
    key,
    signatureScheme: "jwks",
    trustedAuthServers: [issuer],
    discovery: createDiscovery({ development: true }),
    tokenCache: keepsTokens ? createTokenCache() : { get: () => undefined, set: () => {}, delete: () => {} },
  });
  return {
    send: (input, init) => agent.fetchFor()(input, init),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
