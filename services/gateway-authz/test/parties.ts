import type { SignatureKeyScheme, SigningKey, Stores } from "aauth";
import { february2026, february2026Tokens } from "aauth/february-2026";
import { parseRefusal } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import { parseRequirement } from "aauth/wire";
import { createLogger } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import type { GatewayCheckDeps } from "gateway-check";
import {
  createTestParties,
  type TestIdentities,
} from "../../../packages/aauth/test/february-2026/parties.ts";
import { buildGatewayAuthz } from "../src/app.ts";

export const MARKET_ANALYSIS = "http://market-analysis-agent.localhost:3000";

type Headers = Record<string, string | string[]>;

/** The demo's parties, the service, and a gateway's view of it. */
export async function setUp(
  options: {
    config?: object;
    more?: TestIdentities;
    stores?: Stores;
    discovery?: GatewayCheckDeps["discovery"];
  } = {},
) {
  const parties = await createTestParties(options.more);
  const lines: string[] = [];
  const logger = createLogger({
    service: "gateway-authz",
    level: "debug",
    destination: { write: (line) => lines.push(line) },
  });
  const { app } = await buildGatewayAuthz(
    {
      resources: [parties.resource.id, MARKET_ANALYSIS],
      authServerUrl: "http://localhost:8080",
      realm: "aauth-test",
      requestFrom: "aauth",
      publishedPeers: [],
      publishedHwk: false,
      ...options.config,
    },
    {
      logger,
      discovery: { "february-2026": parties.discovery, ...options.discovery },
      now: parties.clock.now,
      ...(options.stores && { stores: options.stores }),
    },
  );
  const key = parties.agent.key;
  const schemes = {
    hwk: { scheme: "hwk" },
    jwks: { scheme: "jwks", id: parties.agent.id },
  } as const satisfies Record<string, SignatureKeyScheme>;

  /** Signs a request as the agent would, and returns the gateway's result. */
  async function signed(
    signatureKey: SignatureKeyScheme,
    request: {
      method?: string;
      url?: string;
      body?: string;
      key?: SigningKey;
      headers?: Record<string, string>;
      nonce?: false;
    } = {},
  ): Promise<Headers> {
    const url = request.url ?? `${parties.resource.id}/`;
    const { method, headers } = await signedRequest({
      profile: february2026,
      key: request.key ?? key,
      now: parties.clock.now,
      method: request.method ?? "POST",
      ...(request.body !== undefined && { body: request.body }),
      ...(request.headers && { headers: request.headers }),
      ...(request.nonce === false && { nonce: false }),
      url,
      signatureKey,
    });
    const { "content-length": _, ...forwarded } = headers;
    return { ...checkHeaders(method, url), ...forwarded };
  }

  const agentToken = () =>
    february2026Tokens.issueAgentToken({
      key,
      agent: parties.agent.id,
      delegate: "urn:delegate:1",
      confirmationKey: key.publicJwk,
      now: parties.clock.now,
    });

  return { ...parties, app, lines, schemes, signed, agentToken };
}

/** Header fields that the repository's gateway configuration adds to a check. */
export function checkHeaders(method: string, url: string): Headers {
  return {
    "x-aauth-method": method,
    "x-aauth-uri": url,
    "x-aauth-authority": "supply-chain-agent.localhost:3000",
    "x-aauth-mode": "optional",
    "x-aauth-required-scheme": "jwks",
    "x-aauth-timestamp-tolerance": "60",
  };
}

export async function check(app: FastifyInstance, headers: Headers) {
  const response = await app.inject({ method: "POST", url: "/check", headers });
  const { statusCode: status, body } = response;
  const fields = response.headers as Record<string, string | undefined>;
  const { "x-aauth-claims": claimsText, "aauth-requirement": requirement } = fields;
  return {
    status,
    body,
    claimsText,
    claims: claimsText === undefined ? undefined : (JSON.parse(claimsText) as Record<string, unknown>),
    agentAuth: fields["agent-auth"],
    signatureError: fields["signature-error"],
    requirement: requirement === undefined ? undefined : parseRequirement(requirement),
    refusal: parseRefusal(fields["aauth-refusal"]),
    proxyStatus: fields["proxy-status"],
    contentType: fields["content-type"],
  };
}
