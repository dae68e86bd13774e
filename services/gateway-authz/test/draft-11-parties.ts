import { createDiscovery, draft11, generateSigningKey, type SigningKey, toJwks } from "aauth";
import { issueAgentToken, issueAuthToken, issuePersonToken } from "aauth/server";
import { signedRequest } from "aauth/testing";

export const RESOURCE = "https://supply-chain-agent.localhost";
export const OTHER_RESOURCE = "https://market-analysis-agent.localhost";
export const PERSON_SERVER = "https://person-server.localhost";
export const ACCESS_SERVER = "https://access-server.localhost";
export const PROVIDER = "https://backend.localhost";
export const AGENT = "aauth:planner@backend.localhost";
export const PERSON = "person-1";
export const SCOPE = "supply-chain:optimize";

/** Issuers of draft -11, an agent, and documents that are read from memory. */
export async function draft11Parties(now: () => number) {
  const [agent, other, provider, ps, as] = (await Promise.all(
    ["agent-1", "agent-2", "ap-1", "ps-1", "as-1"].map((kid) => generateSigningKey({ kid })),
  )) as [SigningKey, SigningKey, SigningKey, SigningKey, SigningKey];
  const published = new Map<string, object>();
  const publish = (name: string, issuer: string, key: SigningKey, more: object = {}) => {
    published.set(`${issuer}/.well-known/${name}`, { issuer, jwks_uri: `${issuer}/jwks.json`, ...more });
    published.set(`${issuer}/jwks.json`, toJwks([key]));
  };
  publish("aauth-agent.json", PROVIDER, provider);
  const endpoints = (id: string) => ({
    person_token_endpoint: `${id}/person`,
    auth_token_endpoint: `${id}/token`,
  });
  publish("aauth-person.json", PERSON_SERVER, ps, endpoints(PERSON_SERVER));
  publish("aauth-access.json", ACCESS_SERVER, as, endpoints(ACCESS_SERVER));
  const fetched: string[] = [];
  const discovery = createDiscovery({
    development: true,
    now,
    async transport({ href }) {
      fetched.push(href);
      const document = published.get(href);
      const body = new TextEncoder().encode(JSON.stringify(document ?? null));
      return { status: document === undefined ? 404 : 200, body };
    },
  });
  const confirmationKey = agent.publicJwk;
  const bound = { confirmationKey, now, audience: RESOURCE, subject: PERSON };
  return {
    keys: { agent, other, provider, ps, as },
    published,
    fetched,
    discovery,
    agentToken: async (over: object = {}) =>
      (
        await issueAgentToken({
          key: provider,
          issuer: PROVIDER,
          agent: AGENT,
          confirmationKey,
          now,
          ...over,
        })
      ).token,
    personToken: async (over: object = {}) =>
      (await issuePersonToken({ key: ps, issuer: PERSON_SERVER, ...bound, ...over })).token,
    authToken: async (over: object = {}) =>
      (await issueAuthToken({ key: ps, issuer: PERSON_SERVER, scope: SCOPE, ...bound, ...over })).token,
    /** The fields of a signed request, as a gateway gets them. */
    async signed(
      jwt: string,
      request: {
        method?: string;
        url?: string;
        body?: string;
        key?: SigningKey;
        headers?: Record<string, string>;
        by?: { key: SigningKey; id: string; document: string };
      } = {},
    ): Promise<Record<string, string>> {
      const { by, ...more } = request;
      const signer =
        by === undefined
          ? { key: agent, signatureKey: { scheme: "jwt", jwt } as const }
          : { key: by.key, signatureKey: { scheme: "jwks_uri", id: by.id, document: by.document } as const };
      const { headers } = await signedRequest({
        profile: draft11,
        method: "POST",
        url: `${RESOURCE}/`,
        now,
        ...signer,
        ...more,
      });
      const { "content-length": _, ...forwarded } = headers;
      return forwarded;
    },
  };
}

/** Header fields that config-draft-11.yaml adds to a check. */
export const draft11CheckHeaders = (more: Record<string, string> = {}): Record<string, string> => ({
  "x-aauth-method": "POST",
  "x-aauth-uri": `${RESOURCE.replace("https", "http")}/`,
  "x-aauth-authority": "supply-chain-agent.localhost",
  "x-aauth-profiles": "draft-11",
  "x-aauth-mode": "optional",
  "x-aauth-timestamp-tolerance": "60",
  ...more,
});
