/**
 * `npm run policy -- test` must agree with the gateways: the claims that gateway-authz gives each
 * identity, through the tool, against the oracle that `gateway.test.ts` applies to the gateways.
 */

import { readFileSync } from "node:fs";
import { createLogger } from "agent-kit/service";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfiguration } from "../../../services/gateway/src/configuration/load-configuration.ts";
import { testPolicy } from "../../../services/gateway/src/policy-tools/test-policy.ts";
import { buildGatewayAuthz } from "../../../services/gateway-authz/src/app.ts";
import { expectationFor, type PolicyFile } from "./expectation.ts";
import { createIdentities, type Identity } from "./identities.ts";

const RESOURCE = "http://supply-chain-agent.localhost:3000";
const FILES: readonly PolicyFile[] = ["config.yaml", "config-policy.yaml"];
const REQUESTS = [
  { method: "POST", target: "/" },
  { method: "GET", target: "/a%2Fb/../c?x" },
  { method: "GET", target: "/jwks.json" },
  { method: "POST", target: "/jwks.json" },
  { method: "GET", target: "/.well-known/aauth-agent/more" },
  { method: "GET", target: "/interaction?session=1" },
  { method: "GET", target: "/interaction/decision" },
  { method: "POST", target: "/interaction/decision" },
];

const { identities, discovery } = await createIdentities();
let authz: Awaited<ReturnType<typeof buildGatewayAuthz>>["app"];
beforeAll(async () => {
  ({ app: authz } = await buildGatewayAuthz(
    {
      resources: [RESOURCE],
      authServerUrl: "http://localhost:8080",
      realm: "aauth-test",
      requestFrom: "aauth",
      publishedPeers: [],
      publishedHwk: false,
    },
    {
      logger: createLogger({ service: "gateway-authz", level: "silent" }),
      discovery: { "february-2026": discovery },
    },
  ));
});
afterAll(() => authz.close());

/** Claims of the caller, as if they were enough for every route. */
async function claimsOf(identity: Identity): Promise<Record<string, never>> {
  const request = { method: "POST", target: "/", resource: RESOURCE, body: undefined };
  const reply = await authz.inject({
    method: "POST",
    url: "/check",
    headers: {
      ...(await identity.headersFor(request)),
      "x-aauth-method": "POST",
      "x-aauth-uri": `${RESOURCE}/`,
      "x-aauth-authority": new URL(RESOURCE).host,
      "x-aauth-mode": "optional",
      "x-aauth-required-scheme": "hwk",
    },
  });
  expect(reply.statusCode).toBe(200);
  return JSON.parse(String(reply.headers["x-aauth-claims"])) as Record<string, never>;
}

const known = identities.filter(({ standing }) => standing.kind !== "broken");
test.each(FILES.flatMap((file) => known.map((identity) => [file, identity.name, identity] as const)))(
  "%s decides for %s as the gateway does",
  async (file, name, identity) => {
    const text = readFileSync(new URL(`../../../agentgateway/${file}`, import.meta.url), "utf8");
    const configuration = loadConfiguration({ text, source: file, env: {} });
    const aauth = await claimsOf(identity);
    const results = testPolicy(
      configuration,
      REQUESTS.map(({ method, target }) => ({
        name,
        method,
        url: `${RESOURCE}${target}`,
        headers: {},
        aauth,
      })),
    );
    const expected = REQUESTS.map((request) => {
      const expectation = expectationFor(file, "supply-chain-agent", request, identity);
      return expectation.reaches === "agent"
        ? { decision: "allowed", status: undefined }
        : { decision: "refused", status: expectation.status };
    });
    expect(results.map(({ decision, status }) => ({ decision, status }))).toEqual(expected);
  },
);

test("config.yaml: a key alone is enough only for the catalogue", () => {
  const text = readFileSync(new URL("../../../agentgateway/config.yaml", import.meta.url), "utf8");
  const configuration = loadConfiguration({ text, source: "config.yaml", env: {} });
  const ask = (method: string, target: string) =>
    testPolicy(configuration, [
      { name: target, method, url: `${RESOURCE}${target}`, headers: {}, aauth: { scheme: "Hwk" } },
    ])[0]?.decision;
  expect([
    ask("GET", "/catalogue"),
    ask("GET", "/catalogue?x=1"),
    ask("POST", "/"),
    ask("GET", "/catalogue/x"),
  ]).toEqual(["allowed", "allowed", "refused", "refused"]);
});
