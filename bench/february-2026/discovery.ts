/**
 * `node bench/february-2026/discovery.ts [--target auth-server|gateway-authz|keycloak] [--hosts silent|open]`:
 * 200 connections whose signatures name a new host each time. The hosts never answer, or publish
 * another key and keep their connections open. The honest caller is an agent that is known;
 * Keycloak needs a JDK and Maven.
 *
 * @module
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateSigningKey, type SigningKey } from "aauth";
import { february2026, february2026Jwks } from "aauth/february-2026";
import { signedRequest } from "aauth/testing";
import { request } from "undici";
import { type Attack, attackStack, choice, flood } from "../abuse/support/phases.ts";

const CONNECTIONS = 200;
const target = choice("target", ["auth-server", "gateway-authz", "keycloak"]);
const hosts = choice("hosts", ["silent", "open"]);
const isGateway = target === "gateway-authz";

/**
 * Serves the documents of every agent `http://NAME.localhost:port` with one key, or nothing.
 * Returns the port.
 */
async function startHosts(key: SigningKey, isSilent: boolean): Promise<number> {
  const server = createServer({ keepAliveTimeout: 600_000 }, ({ url, headers }, response) => {
    if (isSilent) return;
    const id = `http://${headers.host}`;
    const documents = new Map<string | undefined, object>([
      ["/.well-known/aauth-agent", { agent: id, jwks_uri: `${id}/jwks.json` }],
      ["/jwks.json", february2026Jwks([key])],
    ]);
    response.writeHead(documents.has(url) ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(documents.get(url) ?? {}));
  });
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

await attackStack(
  async ({ ports, urls }): Promise<Attack> => {
    const [key, attackerKey] = [
      await generateSigningKey({ kid: "k1" }),
      await generateSigningKey({ kid: "k1" }),
    ];
    const [port, path] = isGateway
      ? [ports.gateway, "/"]
      : [ports.authServer, `${new URL(urls.issuer).pathname}/protocol/aauth/agent/token`];
    const origin = isGateway ? urls.supplyChainAgent : new URL(urls.issuer).origin;
    const { host } = new URL(origin);
    const method = isGateway ? "GET" : "POST";
    const body = isGateway ? undefined : "request_type=auth";
    const content = isGateway ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const message = { method, url: origin + path, headers: content, ...(body && { body }) };
    const sign = async (signingKey: SigningKey, id: string) => {
      const { headers } = await signedRequest({
        profile: february2026,
        ...message,
        key: signingKey,
        signatureKey: { scheme: "jwks", id },
      });
      return { ...headers, host };
    };
    const honestId = `http://honest.localhost:${await startHosts(key, false)}`;
    const hostsPort = await startHosts(key, hosts === "silent");
    const forged = await sign(attackerKey, `http://placeholder.localhost:${hostsPort}`);
    const headers = Object.fromEntries(
      Object.entries(forged).map(([field, value]) => [field, value.replace("placeholder", "{NAME}")]),
    );
    const to = { port, connections: CONNECTIONS };
    return {
      title: `${CONNECTIONS} connections that name ${hosts} hosts, at ${target}`,
      service: target === "keycloak" ? "auth-server" : target,
      attack: flood({ ...to, request: { method, path, headers, ...(body && { body }) } }),
      plain: flood({
        ...to,
        request: { method: "GET", path: "/nothing-here", headers: { host: "nowhere.localhost" } },
      }),
      async honest() {
        const answer = await request(`http://127.0.0.1:${port}${path}`, {
          method,
          headers: await sign(key, honestId),
          ...(body && { body }),
        });
        await answer.body.dump();
        return answer.statusCode;
      },
      // Its signature is valid, and no more is asked for: the policy knows no such agent, the token
      // request has no resource token.
      served: isGateway ? 403 : 400,
    };
  },
  {
    modes: {
      ...(isGateway && { policyFile: "agentgateway/config-policy.yaml" }),
      ...(target === "keycloak" && { authServer: "keycloak" as const }),
    },
  },
);
