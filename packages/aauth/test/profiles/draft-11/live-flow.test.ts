/** Requests recorded between independent peers (Python agent, person server, access server and resource), judged by our verifier. */

import { describe, expect, it } from "vitest";
import { createDiscovery } from "../../../src/discovery/create-discovery.ts";
import { documents } from "../../../src/profiles/draft-11/documents.ts";
import { parseRequirement } from "../../../src/profiles/draft-11/headers.ts";
import { draft11 } from "../../../src/profiles/draft-11/index.ts";
import { verifyPresentedToken, verifyResourceToken } from "../../../src/profiles/draft-11/tokens.ts";
import { createChallenger } from "../../../src/resource/challenge.ts";
import { createVerifier } from "../../../src/resource/verify-request.ts";
import type { Requirement } from "../../../src/types.ts";
import { ACCESS_SERVER, keys, PERSON_SERVER, RESOURCE, refusal } from "./kit.ts";
import { hasVectors, vectors } from "./vectors.ts";

interface Flow {
  readonly documents: Readonly<
    Record<string, { readonly metadata: { readonly jwks_uri: string }; readonly jwks: object }>
  >;
  readonly exchanges: readonly {
    readonly step: string;
    readonly request: {
      readonly method: string;
      readonly url: string;
      readonly headers: Record<string, string>;
      readonly body: string | null;
      readonly signature_base: string;
    };
    readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  }[];
}

const NAMES: Readonly<Record<string, string>> = {
  "https://agent.example": "agent",
  [PERSON_SERVER]: "person",
  [ACCESS_SERVER]: "access",
  [RESOURCE]: "resource",
};
/** What each path of the recorded resource wants. */
const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  "/api/identity": { level: "agent-token" },
  "/api/data": { level: "auth-token", scopes: ["data.read"] },
  "/api/fdata": { level: "auth-token", scopes: ["data.read"] },
};

describe.skipIf(!hasVectors)("live-flow.json", () => {
  const flow = hasVectors ? vectors<Flow>("live-flow.json") : { documents: {}, exchanges: [] };
  const published = new Map<string, unknown>();
  for (const [id, { metadata, jwks }] of Object.entries(flow.documents)) {
    published.set(`${id}/.well-known/aauth-${NAMES[id]}.json`, metadata);
    published.set(metadata.jwks_uri, jwks);
  }
  const discovery = createDiscovery({
    profile: { documents },
    async transport({ href }) {
      const document = published.get(href);
      const body = new TextEncoder().encode(JSON.stringify(document ?? null));
      return { status: document === undefined ? 404 : 200, body };
    },
  });
  const trustedIssuers = [PERSON_SERVER, ACCESS_SERVER];

  function judge({ request }: Flow["exchanges"][number]) {
    const { method, url, headers, body } = request;
    const { host, pathname, search, origin } = new URL(url);
    const created = Number(/created=(\d+)/.exec(headers["signature-input"]!)?.[1]);
    const isResource = origin === RESOURCE;
    const verifier = createVerifier({
      ...{ profile: draft11, authorities: [host], discovery, now: () => created },
      ...(isResource ? { audience: RESOURCE, trustedIssuers } : { endpoint: "token" as const }),
    });
    const bytes = body === null ? undefined : new TextEncoder().encode(body);
    const received = { method, target: pathname + search, headers, authority: host, body: bytes };
    const requirement: Requirement = (isResource && REQUIREMENTS[pathname]) || { level: "agent-token" };
    return { verifier, received, requirement, created };
  }

  it.each(flow.exchanges)("$step", async (exchange) => {
    const { verifier, received, requirement, created } = judge(exchange);
    const { status, headers } = exchange.response;
    const { origin } = new URL(exchange.request.url);
    if (origin !== RESOURCE || status === 200) {
      const { report } = await verifier.verifyRequest(received, requirement);
      expect(report.signatureBase).toBe(exchange.request.signature_base);
      return;
    }
    const error = await refusal(verifier, received as never, requirement);
    const challenger = createChallenger({
      ...{ profile: draft11, key: keys.resource, resource: RESOURCE, now: () => created },
      ...(exchange.request.url.includes("fdata") && { authServer: ACCESS_SERVER }),
    });
    const answer = await challenger.challengeFor(error, { requirement });
    const theirs = parseRequirement(headers["aauth-requirement"]!);
    const ours = parseRequirement(answer.headers["aauth-requirement"]!);
    expect([answer.status, ours.requirement]).toEqual([status, theirs.requirement]);
  });

  it("token requests carry resource and presented tokens that belong together, but for the one that was meant not to", async () => {
    const verdicts: string[] = [];
    for (const { step, request } of flow.exchanges) {
      const members = JSON.parse(request.body ?? "{}") as Record<string, string>;
      const { resource_token: resource, presented_token: presented } = members;
      if (resource === undefined || presented === undefined) continue;
      const { created } = judge({ request } as never);
      const now = () => created;
      const { caller } = await judge({ request } as never).verifier.verifyRequest(
        judge({ request } as never).received,
      );
      const { aud } = JSON.parse(atob(resource.split(".")[1]!)) as { aud: string };
      const verified = await verifyResourceToken(resource, {
        ...{ audience: aud, personServer: PERSON_SERVER, agentJkt: caller.thumbprint, discovery, now },
      });
      const code = await verifyPresentedToken(presented, {
        resourceToken: verified,
        trustedIssuers,
        discovery,
        now,
      }).then(
        () => "accepted",
        (error) => error.code,
      );
      verdicts.push(`${step.startsWith("NEG")} ${code}`);
    }
    expect(verdicts.length).toBeGreaterThan(3);
    expect(new Set(verdicts)).toEqual(new Set(["false accepted", "true presented_token_mismatch"]));
  });
});
