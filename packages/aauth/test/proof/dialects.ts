/** The dialects that the suites run over. */

import {
  issueAuthToken as issueDraft11AuthToken,
  issueResourceToken as issueDraft11ResourceToken,
} from "../../src/draft-11/issue-tokens.ts";
import { DOCUMENTS } from "../../src/draft-11/names.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { february2026Agent } from "../../src/february-2026/agent-profile.ts";
import { issueAgentToken, issueAuthToken, issueResourceToken } from "../../src/february-2026/issue-tokens.ts";
import { february2026, february2026Resource } from "../../src/february-2026/profile.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import type { MessageFacts } from "../../src/profile/messages.ts";
import type { AgentProfile, WireProfile } from "../../src/profile/wire-profile.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import type { ProvenCaller, SigningKey } from "../../src/types.ts";
import { AGENT, agentToken, personToken } from "../draft-11/kit.ts";
import {
  agentKey,
  jwt,
  now,
  OTHER,
  PROVIDER,
  type ProfileKit,
  providerKey,
  RESOURCE,
  resourceKey,
  SCOPES,
  SERVER,
  serverKey,
  type TokenOptions,
} from "./kit.ts";

/** Documents with their key sets, as a profile names them. */
function documentsOf(
  { documents: { kinds } }: WireProfile,
  parties: readonly (readonly [kind: string, id: string, members: object, key: SigningKey])[],
): Map<string, unknown> {
  return new Map<string, unknown>(
    parties.flatMap(([kind, id, members, key]): [string, unknown][] => [
      [`${id}/.well-known/${kinds[kind]!.document.name}`, { ...members, jwks_uri: `${id}/${kind}.jwks` }],
      [`${id}/${kind}.jwks`, toJwks([key])],
    ]),
  );
}

// -------------------------------------------------------------------------------- february

const februaryToken = async (options: TokenOptions = {}) => {
  const { issuer = SERVER, key = serverKey, audience = RESOURCE, boundTo = agentKey } = options;
  const { token } = await issueAuthToken({
    signer: tokenSignerOf(key),
    issuer,
    audience,
    agent: PROVIDER,
    confirmationKey: boundTo.publicJwk,
    scope: SCOPES.join(" "),
    lifetimeSeconds: options.lifetimeSeconds ?? 300,
    now,
  });
  return token;
};

const UNIDENTIFIED = { identified: "identity_required", authorized: "identity_required" } as const;
const UNAUTHORIZED = { authorized: "authorization_required" } as const;

export const februaryKit: ProfileKit = {
  profile: february2026,
  trustedByAgent: (server) => ({
    profile: february2026Agent({
      signatureScheme: "jwks",
      authServers: [server],
      redirectUri: "https://agent.example/callback",
    }),
  }),
  trusted: (server) => ({ profile: february2026Resource({ authServer: server }) }),
  challenging: (server) => ({ profile: february2026Resource({ authServer: server }) }),
  agent: PROVIDER,
  shown: [
    {
      name: "a key",
      level: "pseudonymous",
      refused: UNIDENTIFIED,
      credential: async () => ({ scheme: "hwk" }),
    },
    {
      name: "a published key",
      level: "identified",
      refused: UNAUTHORIZED,
      credential: async () => ({ scheme: "jwks", id: PROVIDER }),
    },
    {
      name: "an agent token",
      level: "identified",
      refused: UNAUTHORIZED,
      credential: async (boundTo) =>
        jwt(
          await issueAgentToken({
            key: providerKey,
            agent: `${PROVIDER}/tokens`,
            delegate: "one",
            confirmationKey: boundTo.publicJwk,
            now,
          }),
        ),
    },
    {
      name: "an auth token",
      level: "authorized",
      refused: {},
      credential: async (boundTo) => jwt(await februaryToken({ boundTo })),
    },
  ],
  requirements: [{ level: "pseudonymous" }, { level: "identified" }, { level: "authorized", scopes: SCOPES }],
  serverRequirements: [],
  token: februaryToken,
  otherToken: () =>
    issueResourceToken({
      key: resourceKey,
      resource: RESOURCE,
      authServer: SERVER,
      agent: PROVIDER,
      agentJkt: agentKey.thumbprint,
      scope: SCOPES.join(" "),
      now,
    }),
  documents: () =>
    documentsOf(february2026, [
      ["agent", PROVIDER, { agent: PROVIDER }, agentKey],
      ["agent", `${PROVIDER}/tokens`, { agent: `${PROVIDER}/tokens` }, providerKey],
      [
        "issuer",
        SERVER,
        { issuer: SERVER, agent_token_endpoint: `${SERVER}/token`, agent_auth_endpoint: `${SERVER}/consent` },
        serverKey,
      ],
      ["resource", RESOURCE, { resource: RESOURCE }, resourceKey],
    ]),
  async grant(_url, _body, { thumbprint }, boundTo = agentKey) {
    if (thumbprint !== agentKey.thumbprint) throw new Error("another's key");
    return { auth_token: await februaryToken({ boundTo }), expires_in: 300 };
  },
  climb: ["jwks", "/token", "jwt"],
  stray: [
    { name: "to another server", party: { profile: february2026Resource({ authServer: OTHER }) } },
    { name: "for another agent", caller: (proven) => ({ ...proven, agent: OTHER }) },
  ],
  later: "code",
};

// -------------------------------------------------------------------------------- draft -11

const draft11Token = async (options: TokenOptions = {}) => {
  const { issuer = SERVER, key = serverKey, audience = RESOURCE, boundTo = agentKey } = options;
  const { token } = await issueDraft11AuthToken({
    key,
    issuer,
    audience,
    subject: "person-1",
    scope: SCOPES.join(" "),
    confirmationKey: boundTo.publicJwk,
    lifetimeSeconds: options.lifetimeSeconds,
    now,
  });
  return token;
};

const agentTokenFor = (boundTo: SigningKey) =>
  agentToken({ key: providerKey, confirmationKey: boundTo.publicJwk, now });
const personTokenFor = (boundTo: SigningKey) =>
  personToken({ key: serverKey, confirmationKey: boundTo.publicJwk, now });

const NO_SERVER = { server: "unsupported_scheme" } as const;
/** A route for agent tokens accepts no other tokens. */
const NO_AGENT_TOKEN = { ...NO_SERVER, "agent-token": "token_type_mismatch" } as const;

/** The caller, with other claims in the token that proved its person. */
const showing = (claims: object) => (proven: ProvenCaller) => ({
  ...proven,
  identityToken: { ...proven.identityToken, ...claims },
});

const draft11KitOf = (profile: WireProfile & AgentProfile): ProfileKit => ({
  profile,
  trustedByAgent: (server) => ({ profile, personServer: server }),
  trusted: (server) => ({ profile, personServers: [server] }),
  challenging: (server) => ({ profile, accessServer: server }),
  agent: AGENT,
  agentToken: agentTokenFor,
  shown: [
    {
      name: "an agent token",
      level: "agent-token",
      refused: { ...NO_SERVER, "person-token": "person_required", "auth-token": "person_required" },
      credential: async (boundTo) => jwt(await agentTokenFor(boundTo)),
    },
    {
      name: "a person token",
      level: "person-token",
      refused: { ...NO_AGENT_TOKEN, "auth-token": "authorization_required" },
      credential: async (boundTo) => jwt(await personTokenFor(boundTo)),
    },
    {
      name: "an auth token",
      level: "auth-token",
      refused: NO_AGENT_TOKEN,
      credential: async (boundTo) => jwt(await draft11Token({ boundTo })),
    },
    {
      name: "a server's key",
      level: "server",
      refused: {
        "agent-token": "unsupported_scheme",
        "person-token": "unsupported_scheme",
        "auth-token": "unsupported_scheme",
      },
      key: serverKey,
      endpoint: "token",
      credential: async () => ({ scheme: "jwks_uri", id: SERVER, document: DOCUMENTS.person }),
    },
  ],
  requirements: [
    { level: "agent-token" },
    { level: "person-token" },
    { level: "auth-token", scopes: SCOPES },
  ],
  serverRequirements: [{ level: "server" }],
  token: draft11Token,
  async otherToken() {
    const caller: ProvenCaller = {
      profile: profile.name,
      level: "person-token",
      scheme: "jwt",
      key: agentKey.publicJwk,
      thumbprint: agentKey.thumbprint,
      identityToken: { iss: SERVER, sub: "person-1", jti: "person-token-1" },
    };
    return (await issueDraft11ResourceToken({ key: resourceKey, issuer: RESOURCE, caller, now })).token;
  },
  documents: () =>
    documentsOf(profile, [
      ["agent", PROVIDER, { issuer: PROVIDER }, providerKey],
      [
        "person",
        SERVER,
        { issuer: SERVER, person_token_endpoint: `${SERVER}/person`, auth_token_endpoint: `${SERVER}/token` },
        serverKey,
      ],
      ["resource", RESOURCE, { issuer: RESOURCE }, resourceKey],
    ]),
  async grant(url, body, { thumbprint }, boundTo = agentKey) {
    if (thumbprint !== agentKey.thumbprint) throw new Error("another's key");
    const { resource, resource_token, presented_token } = JSON.parse(body);
    if (url === `${SERVER}/person` && resource === RESOURCE) {
      return { person_token: await personTokenFor(boundTo), expires_in: 300 };
    }
    if (!resource_token || !presented_token) throw new Error("no auth token without both tokens");
    return { auth_token: await draft11Token({ boundTo }), expires_in: 300 };
  },
  climb: ["jwt", "/person", "jwt", "/token", "jwt"],
  stray: [
    { name: "for another server's person", caller: showing({ iss: OTHER }) },
    { name: "for another person", caller: showing({ sub: "person-2" }) },
    { name: "for another token than the one shown", caller: showing({ jti: "another" }) },
  ],
  later: "location",
});

export const draft11Kit = draft11KitOf(draft11);

const RENAMED = "renamed-key";
const { messages } = draft11;
const components = (facts: MessageFacts) =>
  messages.demandedComponents(facts).map((name) => (name === messages.fields.signatureKey ? RENAMED : name));

/** Draft -11 with its key in another field, which distinguishes its messages. */
export const renamedKit = draft11KitOf({
  ...draft11,
  name: "draft-11-renamed",
  messages: {
    ...messages,
    fields: { ...messages.fields, signatureKey: RENAMED },
    claims: (value) => messages.claims(value),
    demandedComponents: components,
    signedComponents: components,
  },
});
