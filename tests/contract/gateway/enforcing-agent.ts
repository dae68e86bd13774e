import { AAuthError } from "aauth";
import { february2026Resource } from "aauth/february-2026";
import { createVerifier, type Verifier } from "aauth/resource";
import type { TestDiscovery } from "aauth/testing";
import { type FakeServer, startFakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import { ISSUER } from "./identities.ts";

/**
 * An agent as it should be behind any gateway: it verifies signed requests itself, with the body,
 * under its own authority. It answers with the received request; its refusals begin with `agent:`.
 */
export function startEnforcingAgent(resource: string, discovery: TestDiscovery): Promise<FakeServer> {
  const authority = new URL(resource).host;
  const verifier: Verifier = createVerifier({
    profile: february2026Resource({ authServer: ISSUER }),
    authorities: [authority],
    audience: resource,
    discovery,
  });
  return startFakeServer((request, response) => {
    const { method, url, headers, bytes } = request;
    if (/^\/(\.well-known\/|jwks\.json|health)/.test(url)) {
      const card = { name: "agent", url: "http://127.0.0.1:1/", capabilities: {} };
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(method === "HEAD" ? undefined : JSON.stringify(card));
      return;
    }
    const echo = (agent: string | undefined) =>
      response
        .writeHead(200, { "content-type": "application/json", "x-echo": "1" })
        .end(JSON.stringify({ method, url, headers, body: request.body, agent }));
    if (headers["signature-key"] === undefined) {
      echo(undefined);
      return;
    }
    verifier
      .verifyRequest({ method, target: url, headers, body: bytes, authority }, { level: "identified" })
      .then(
        ({ caller }) => echo(caller.agent),
        (error: unknown) => {
          response.writeHead(401, { "content-type": "text/plain" });
          response.end(`agent: ${error instanceof AAuthError ? error.code : String(error)}`);
        },
      );
  });
}
