/**
 * The parties that the suite plays: their names, keys, documents and tokens.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { generateKey, type Jwk, type KeyPair, thumbprint } from "../judge/keys.ts";
import type { TokenPlan } from "../messages/plan.ts";

/** Played parties by name. The name is the first label of the identifier. */
export const PARTY_NAMES = [
  "ap",
  "ap-other",
  "ap-no-issuer",
  "ap-wrong-issuer",
  "ap-odd-keys",
  "ap-cached",
  "ap-unknown-kid",
  "ps",
  "ps-other",
  "as",
  "resource",
  "resource-other",
  "intermediary",
] as const;
export type PartyName = (typeof PARTY_NAMES)[number];

/** A party that the suite plays. */
export interface Party {
  readonly name: PartyName;
  /** Its identifier, without a port. */
  readonly id: string;
  readonly host: string;
  readonly key: KeyPair;
  /** Served documents by path. */
  readonly documents: Map<string, unknown>;
  /** Requests for its documents, as paths. */
  readonly fetched: string[];
}

/** An agent of a played agent provider. */
export interface PlayedAgent {
  readonly provider: Party;
  /** Agent identifier. */
  readonly id: string;
  readonly key: KeyPair;
}

export interface World {
  readonly domain: string;
  readonly parties: Readonly<Record<PartyName, Party>>;
  readonly agent: PlayedAgent;
  /** A key that no party knows. */
  readonly unknownKey: KeyPair;
  /** Unix seconds. */
  now(): number;
  agentToken(over?: Over & { readonly agent?: PlayedAgent; readonly provider?: Party }): TokenPlan;
  personToken(aud: string, over?: Over): TokenPlan;
  authToken(aud: string, over?: Over & { readonly issuer?: Party }): TokenPlan;
  resourceToken(
    presented: Pick<TokenPlan, "claims">,
    over?: Over & { readonly resource?: Party; readonly aud?: string },
  ): TokenPlan;
}

export interface Over {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The key to which the token is bound. */
  readonly confirms?: KeyPair;
}

export const AGENT_DOCUMENT = "aauth-agent.json";
export const PERSON_DOCUMENT = "aauth-person.json";
export const ACCESS_DOCUMENT = "aauth-access.json";
export const RESOURCE_DOCUMENT = "aauth-resource.json";
/**
 * Directed identifier of the suite's person at every resource, as the suite's person server issues
 * it.
 */
export const SUBJECT = "person-of-the-suite";
const HOUR = 3600;
/** A life that leaves room below the limit of an hour for clocks that differ. */
const LIFE = HOUR - 300;

/** @param domain ending of the identifiers of played parties */
export function createWorld(domain: string, now = () => Math.floor(Date.now() / 1000)): World {
  const parties = Object.fromEntries(PARTY_NAMES.map((name) => [name, createParty(name, domain)])) as Record<
    PartyName,
    Party
  >;
  makeOdd(parties);
  const agent = { provider: parties.ap, id: `aauth:tester@${parties.ap.host}`, key: generateKey("agent") };
  const common = (issuer: Party, typ: string, dwk: string, life: number) => ({
    header: { alg: issuer.key.alg, typ, kid: issuer.key.kid },
    claims: { iss: issuer.id, dwk, jti: randomUUID(), iat: now(), exp: now() + life },
    key: issuer.key,
  });
  const plan = (
    base: TokenPlan,
    confirms: KeyPair | undefined,
    claims: object,
    over: Over = {},
  ): TokenPlan => ({
    ...base,
    claims: {
      ...base.claims,
      ...(confirms && { cnf: { jwk: publicPart(over.confirms ?? confirms) } }),
      ...claims,
      ...over.claims,
    },
  });
  return {
    domain,
    parties,
    agent,
    unknownKey: generateKey("unknown"),
    now,
    agentToken({ agent: own = agent, provider = own.provider, ...over } = {}) {
      const base = common(provider, "aa-agent+jwt", AGENT_DOCUMENT, LIFE);
      const sub = provider === own.provider ? own.id : `aauth:tester@${provider.host}`;
      return plan(base, own.key, { sub, ps: parties.ps.id }, over);
    },
    personToken(aud, over) {
      const base = common(parties.ps, "aa-person+jwt", PERSON_DOCUMENT, LIFE);
      return plan(base, agent.key, { aud, sub: SUBJECT }, over);
    },
    authToken(aud, { issuer = parties.ps, ...over } = {}) {
      const dwk = issuer === parties.as ? ACCESS_DOCUMENT : PERSON_DOCUMENT;
      const base = common(issuer, "aa-auth+jwt", dwk, LIFE);
      return plan(base, agent.key, { aud, sub: SUBJECT, ps: parties.ps.id }, over);
    },
    resourceToken(presented, { resource = parties.resource, aud = parties.ps.id, ...over } = {}) {
      const base = common(resource, "aa-resource+jwt", RESOURCE_DOCUMENT, 240);
      const { iss, ps = iss, sub, jti, tenant } = presented.claims;
      const claims = {
        aud,
        ps,
        sub,
        presented_jti: jti,
        agent_jkt: thumbprint((over.confirms ?? agent.key).publicJwk),
        scope: "data.read",
        ...(tenant !== undefined && { tenant }),
      };
      return plan(base, undefined, claims, over);
    },
  };
}

/** An agent that no party has seen. */
export function freshAgent({ parties }: World, provider = parties.ap): PlayedAgent {
  const name = randomUUID();
  return { provider, id: `aauth:${name}@${provider.host}`, key: generateKey(name) };
}

/** A public key as `cnf.jwk` carries it: with `alg`, without `kid`. */
export function publicPart({ publicJwk }: KeyPair): Jwk {
  const { kid: _, ...rest } = publicJwk;
  return rest;
}

function createParty(name: PartyName, domain: string): Party {
  const host = `${name}.${domain}`;
  const id = `https://${host}`;
  const key = generateKey(`${name}-1`);
  const documents = new Map<string, unknown>();
  for (const [dwk, more] of documentsOf(name, id)) {
    documents.set(`/.well-known/${dwk}`, { issuer: id, jwks_uri: `${id}/jwks.json`, ...more });
  }
  documents.set("/jwks.json", { keys: [key.publicJwk] });
  return { name, id, host, key, documents, fetched: [] };
}

function documentsOf(name: PartyName, id: string): readonly (readonly [string, object])[] {
  const revocation = { revocation_endpoint: `${id}/revoke` };
  if (name.startsWith("ap")) return [[AGENT_DOCUMENT, {}]];
  if (name.startsWith("ps")) {
    const endpoints = { person_token_endpoint: `${id}/person`, auth_token_endpoint: `${id}/token` };
    return [[PERSON_DOCUMENT, { ...endpoints, ...revocation }]];
  }
  if (name === "as") return [[ACCESS_DOCUMENT, { auth_token_endpoint: `${id}/token`, ...revocation }]];
  const resource = {
    ...revocation,
    access_mode: "auth-token",
    name: "Resource of the conformance suite",
    scope_descriptions: { "data.read": "Read data of the conformance suite" },
  };
  return [
    [RESOURCE_DOCUMENT, resource],
    [AGENT_DOCUMENT, {}],
  ];
}

/** Gives the parties that are named for a flaw their flaw. */
function makeOdd(parties: Readonly<Record<PartyName, Party>>): void {
  const address = `/.well-known/${AGENT_DOCUMENT}`;
  const document = ({ documents }: Party) => documents.get(address) as Record<string, unknown>;
  delete document(parties["ap-no-issuer"]).issuer;
  document(parties["ap-wrong-issuer"]).issuer = parties.ap.id;
  const { key, documents } = parties["ap-odd-keys"];
  const odd: readonly Jwk[] = [
    { kty: "future", kid: "from-the-future", alg: "FUTURE-1" },
    { kty: "OKP", crv: "Ed25519", kid: "without-alg", x: key.publicJwk.x },
    { kty: "RSA", kid: "not-a-key", alg: "PS256", n: "", e: "" },
  ];
  documents.set("/jwks.json", { keys: [...odd, key.publicJwk] });
}
