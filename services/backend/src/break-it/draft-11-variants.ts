/**
 * The tampered requests of draft -11, by mode.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import {
  type AccessServerMetadata,
  type Credential,
  draft11,
  february2026,
  generateSigningKey,
  type PersonServerMetadata,
  type SigningKey,
  type SignRequestOptions,
} from "aauth";
import { type Agent, createAgent, type Transport } from "aauth/agent";
import { draft11Tokens, sendRevocation } from "aauth/issuer";
import { draft11Names } from "aauth/wire";
import type { Draft11Parties } from "agent-kit/draft-11";
import { DRAFT_11_MODES } from "agent-kit/service";
import type { AnyBreakItVariant, Draft11BreakItVariant } from "backend-api";
import { createAgentTrace } from "protocol-trace";
import { BackendError } from "../errors.ts";
import type { Run } from "../runs/run.ts";
import { type Draft11Material, draft11MaterialOf, tokenOf } from "./draft-11-material.ts";
import type { SentRequest } from "./evidence.ts";
import { sendSigned } from "./send-forged.ts";
import {
  atAnotherPath,
  type BreakItDialect,
  expiryOf,
  type ForgedRequest,
  keyOf,
  type Meant,
  NOTHING_SENT,
  STALE_SECONDS,
  signForged,
  unsignedHeaders,
  unsignedToken,
  withChanged,
  withFlippedBit,
  withWiderScope,
} from "./variants.ts";

/** Each has the variants of those before it, too. */
type Mode = (typeof DRAFT_11_MODES)[number];

export interface Draft11Options {
  readonly mode: Mode;
  /** The backend's identifier: it is the agent provider of its agents. */
  readonly issuer: string;
  /** The backend's keys, the current one first. */
  readonly keys: () => readonly SigningKey[];
  readonly agentOf: (userId: string) => Agent;
  /** Identifier of a user's agent. */
  readonly agentIdOf: (userId: string) => string;
  readonly parties: Draft11Parties;
  /** Identifiers. */
  readonly agentUrl: string;
  readonly otherResourceUrl: string;
  /** Unix seconds. */
  readonly now: () => number;
}

interface ForgeContext extends Draft11Options {
  /** When the run's request is signed again, Unix seconds. */
  readonly signingTime: () => number;
  readonly material: Draft11Material;
  /** The key that the run's token is bound to. */
  readonly key: SigningKey;
  readonly userId: string;
}

interface Variant extends Meant {
  /** The first mode that has it. */
  readonly from: Mode;
  /** What the run must have left behind besides a request. */
  readonly needs?: "bound" | "grant";
  readonly forge: (context: ForgeContext) => Promise<ForgedRequest>;
}

const { TOKEN_TYPES, AGENT_TOKEN_SECONDS } = draft11Names;
const JSON_TYPE = { "content-type": "application/json" };
/** The twelve symbols of a code. */
const GUESSED_CODE = "ABCD-EFGH-JKMN";
const HONEST_MS = 10_000;
/** Half of what verifiers allow. */
const MAX_AHEAD_SECONDS = 30;

const VARIANTS: Readonly<Record<Draft11BreakItVariant, Variant>> = {
  "changed-body": {
    from: "agent-identity",
    codes: ["digest_mismatch"],
    forge: async (context) => withFlippedBit(await signed(context)),
  },

  "changed-path": {
    from: "agent-identity",
    codes: ["invalid_signature"],
    forge: async (context) => atAnotherPath(await signed(context)),
  },

  /** Signed without what binds the body. */
  "uncovered-body": {
    from: "agent-identity",
    codes: ["insufficient_coverage"],
    forge: (context) => signed(context, { profile: coveringNoBody }),
  },

  stale: {
    from: "agent-identity",
    codes: ["created_out_of_window"],
    forge: (context) => signed(context, { now: () => context.now() - STALE_SECONDS }),
  },

  replay: {
    from: "agent-identity",
    codes: ["signature_replayed"],
    forge: async (context) => ({ ...(await signed(context)), twice: true }),
  },

  /** The run's token, signed with a key that it is not bound to. */
  "stolen-token": {
    from: "agent-identity",
    codes: ["invalid_signature"],
    forge: async (context) => signed(context, { key: await foreignKey() }),
  },

  /** The token of a sub-agent, signed by its parent. */
  "other-agents-token": {
    from: "person-identity",
    codes: ["invalid_signature"],
    forge: async (context) => {
      const { request } = await callOfSubAgent(context);
      return signed(context, { request, signatureKey: jwt(tokenOf(request)) });
    },
  },

  /** The agent provider has signed it, an hour and more ago. */
  "expired-token": {
    from: "agent-identity",
    codes: ["token_expired"],
    forge: async (context) => {
      const now = () => context.now() - AGENT_TOKEN_SECONDS - STALE_SECONDS;
      return signed(context, { signatureKey: jwt((await ownAgentToken({ ...context, now })).token) });
    },
  },

  /** A token of one kind that says it is of another. */
  "swapped-typ": {
    from: "agent-identity",
    // Where the kind that it says it is passes, its claims are read next.
    codes: ["token_type_mismatch", "malformed_token", "token_claim_missing", "invalid_token_signature"],
    forge: (context) => {
      const { type, token } = context.material;
      const typ = type === TOKEN_TYPES.person ? TOKEN_TYPES.auth : TOKEN_TYPES.person;
      return signed(context, { signatureKey: jwt(withChanged(token, { header: { typ } })) });
    },
  },

  "widened-scope": {
    from: "person-server",
    needs: "bound",
    codes: ["invalid_token_signature"],
    forge: (context) => signed(context, { signatureKey: jwt(withWiderScope(context.material.token)) }),
  },

  /** The token without any signature, as OAuth would send it. */
  "bearer-token": {
    from: "agent-identity",
    codes: ["missing_signature"],
    forge: async ({ material: { request, token } }) => {
      const { method, url, body } = request;
      const headers = { ...unsignedHeaders(request), authorization: `Bearer ${token}` };
      return { method, url, headers, body };
    },
  },

  /** Correctly signed, in the profile before. */
  "february-message": {
    from: "agent-identity",
    codes: ["profile_not_accepted"],
    forge: (context) =>
      signed(context, { profile: february2026, signatureKey: { scheme: "jwks", id: context.issuer } }),
  },

  "agent-token-only": {
    from: "person-identity",
    codes: ["person_required"],
    forge: async (context) => signed(context, await asAgent(context)),
  },

  "other-audience": {
    from: "person-identity",
    needs: "bound",
    codes: ["token_audience_mismatch"],
    forge: (context) => {
      const request = { ...context.material.request, url: `${context.otherResourceUrl}/` };
      return signed(context, { request });
    },
  },

  /** A token of the second hop, used once, then revoked by the agent provider of the agent that it was for. */
  "revoked-token": {
    from: "person-identity",
    codes: ["token_revoked"],
    forge: async (context) => {
      const { request, key, agentToken } = await callOfSubAgent(context);
      await revokeAtPersonServer(context, agentToken.claims);
      return signed(context, { request, key, signatureKey: jwt(tokenOf(request)) });
    },
  },

  /** No one has the code that is tried. */
  "guessed-code": {
    from: "agent-identity",
    status: 410,
    section: "draft -11, section 11.6.3.1",
    forge: async ({ agentUrl }) => unsigned(`${agentUrl}/interaction?code=${GUESSED_CODE}`),
  },

  /** A browser comes back as if the person had acted. What the agent finds at its next look shows that nothing came of it. */
  "forged-callback": {
    from: "person-identity",
    status: 202,
    section: "draft -11, section 7.3",
    forge: async (context) => {
      const { location, after } = await waitingRequest(context);
      const forged = `${context.parties.personServer}/interaction/returned/${randomBytes(16).toString("base64url")}`;
      await honest(context, unsigned(forged));
      return { ...(await poll(context, location)), after };
    },
  },

  /** The pending URL of the user's agent, looked at by another agent of the same provider. */
  "pending-of-another": {
    from: "person-identity",
    codes: ["not_found"],
    section: "draft -11, section 13.2",
    forge: async (context) => {
      const { location, after } = await waitingRequest(context);
      return { ...(await poll(await otherAgent(context), location)), after };
    },
  },

  /** At the person server: the agent's own token, and a thief's key. */
  "stolen-agent-token": {
    from: "person-identity",
    codes: ["invalid_signature"],
    forge: async (context) => {
      const { person_token_endpoint: url } = await personServerOf(context);
      const body = { resource: context.otherResourceUrl };
      return tokenRequest(context, url, body, { key: await foreignKey() });
    },
  },

  /** The user's agent was not called with it: it called with it. */
  "foreign-upstream-token": {
    from: "person-identity",
    needs: "bound",
    codes: ["invalid_upstream_token"],
    section: "draft -11, section 9.4.5",
    forge: async (context) => {
      const { person_token_endpoint: url } = await personServerOf(context);
      const body = { resource: context.otherResourceUrl, upstream_token: context.material.token };
      return tokenRequest(context, url, body);
    },
  },

  /** The resource has issued it for the user's agent; another agent redeems it. */
  "foreign-resource-token": {
    from: "person-server",
    needs: "grant",
    codes: ["invalid_resource_token"],
    section: "draft -11, section 6.7.2",
    forge: async (context) => redeem(await otherAgent(context), {}),
  },

  "unsigned-resource-token": {
    from: "person-server",
    needs: "grant",
    codes: ["invalid_resource_token"],
    section: "draft -11, section 6.7.2",
    forge: (context) =>
      redeem(context, { resource_token: unsignedToken(context.material.grant!.resourceToken) }),
  },

  /** Only person servers ask there. */
  "agent-at-access-server": {
    from: "federated",
    needs: "grant",
    codes: ["unsupported_scheme"],
    section: "draft -11, section 9.1",
    forge: async (context) => {
      const { parties, material } = context;
      const { auth_token_endpoint: url } = await parties.discovery.metadata<AccessServerMetadata>(
        "access",
        parties.accessServer!,
      );
      const { resourceToken: resource_token, presentedToken: presented_token } = material.grant!;
      const agent_token = (await ownAgentToken(context)).token;
      return tokenRequest(context, url, { resource_token, agent_token, presented_token });
    },
  },
};

/** "Try to break it" in a mode of draft -11. */
export function draft11Dialect(options: Draft11Options): BreakItDialect {
  const { mode, keys, agentUrl, otherResourceUrl, parties, now } = options;
  const offered = (Object.keys(VARIANTS) as Draft11BreakItVariant[]).filter(
    (variant) => DRAFT_11_MODES.indexOf(VARIANTS[variant].from) <= DRAFT_11_MODES.indexOf(mode),
  );
  const variantOf = (variant: AnyBreakItVariant): Variant =>
    VARIANTS[offered.find((name) => name === variant)!];
  const receivers = new Map([
    [agentUrl, "supply-chain-agent"],
    [otherResourceUrl, "market-analysis-agent"],
    [parties.personServer, "person-server"],
    [parties.accessServer, "access-server"],
  ]);

  let last = 0;
  // Profile 4.3: there is no nonce, and the second of two equal requests of one second is a repetition. The run's own is of this second at most.
  const signingTime = () => {
    last = Math.max(now(), Math.min(last, now() + MAX_AHEAD_SECONDS)) + 1;
    return last;
  };

  return {
    variants: offered,
    meant: variantOf,
    receiverOf: (url) => receivers.get(new URL(url).origin) ?? "backend",
    forge(variant, sent, { userId }: Run) {
      const material = draft11MaterialOf(sent, agentUrl)!;
      const key = keyOf(material.token, keys());
      return variantOf(variant).forge({ ...options, signingTime, material, key, userId });
    },

    unavailable(variant, sent) {
      if (!(offered as readonly string[]).includes(variant)) return `This is not in the mode ${mode}.`;
      const material = draft11MaterialOf(sent, agentUrl);
      if (material === undefined) return NOTHING_SENT;
      const { token, type, grant } = material;
      const { needs } = variantOf(variant);
      if (needs === "bound" && type === TOKEN_TYPES.agent) return "The person server gave this run no token.";
      if (needs === "grant" && grant === undefined) return "This run asked for no auth token.";
      if (needs === "grant" && expiryOf(grant!.resourceToken) <= now()) {
        return "The resource token of this run has expired, which would be refused first: start a new one.";
      }
      return expiryOf(token) <= now()
        ? "The token of this run has expired, which would be refused first: start a new one."
        : undefined;
    },
  };
}

// ------------------------------------------------------------------------------------------------------------- messages

const jwt = (token: string): Credential => ({ scheme: "jwt", jwt: token });

/** An agent signs as its profile demands, but for the body. */
const coveringNoBody: typeof draft11 = {
  ...draft11,
  messages: {
    ...draft11.messages,
    signedComponents: (facts) => draft11.messages.signedComponents({ ...facts, hasBody: false }),
  },
};

type Changes = Partial<Pick<SignRequestOptions, "key" | "signatureKey" | "profile" | "now">> & {
  readonly request?: SentRequest;
};

/** The run's request, signed again just now. */
function signed(context: ForgeContext, changes: Changes = {}): Promise<ForgedRequest> {
  const { material, key, signingTime: now } = context;
  const { request = material.request, ...options } = changes;
  const { method, url, body } = request;
  const honest = { profile: draft11, key, signatureKey: jwt(material.token), now };
  return signForged({ method, url, headers: unsignedHeaders(request), body }, { ...honest, ...options });
}

const unsigned = (url: string): ForgedRequest => ({ method: "GET", url, headers: {} });

/** What an agent asks of a server, signed with its agent token. */
async function tokenRequest(
  context: Identity,
  url: string,
  members: object,
  changes: Pick<Changes, "key"> = {},
): Promise<ForgedRequest> {
  const body = new TextEncoder().encode(JSON.stringify(members));
  const options = { profile: draft11, endpoint: "token", purpose: "token", now: context.now } as const;
  return signForged(
    { method: "POST", url, headers: JSON_TYPE, body },
    { ...options, ...(await asAgent(context)), ...changes },
  );
}

async function poll(context: Identity, url: string, method = "GET"): Promise<ForgedRequest> {
  const options = { profile: draft11, endpoint: "pending", purpose: "token", now: context.now } as const;
  return signForged({ method, url, headers: {} }, { ...options, ...(await asAgent(context)) });
}

async function redeem(context: ForgeContext, changes: object): Promise<ForgedRequest> {
  const { url, resourceToken: resource_token, presentedToken: presented_token } = context.material.grant!;
  return tokenRequest(context, url, { resource_token, presented_token, ...changes });
}

// --------------------------------------------------------------------------------------------------------------- agents

/** Who signs: the user's agent, or another one of the backend's. */
type Identity = ForgeContext & { readonly agentId?: string };

const foreignKey = (owner: "thief" | "other-agent" | "sub-agent" = "thief") =>
  generateSigningKey({ kid: `${owner}-1` });

/** An agent of the backend's, with a key of its own, and no person. */
const otherAgent = async (context: ForgeContext): Promise<Identity> => ({
  ...context,
  agentId: `aauth:other-agent@${new URL(context.issuer).host}`,
  key: await foreignKey("other-agent"),
});

const asAgent = async (context: Identity) => ({
  key: context.key,
  signatureKey: jwt((await ownAgentToken(context)).token),
});

/** The backend is the agent provider of each. */
function ownAgentToken(context: Identity, subAgent?: { readonly id: string; readonly key: SigningKey }) {
  const { issuer, keys, parties, agentIdOf, userId, now } = context;
  const { agentId = agentIdOf(userId) } = context;
  return draft11Tokens.issueAgentToken({
    key: keys()[0]!,
    issuer,
    agent: subAgent?.id ?? agentId,
    ...(subAgent && { parentAgent: agentId }),
    personServer: parties.personServer,
    confirmationKey: (subAgent ?? context).key.publicJwk,
    now,
  });
}

/** An honest call of the other resource, the second hop, by a sub-agent of the user's agent: the run's own tokens are not touched. */
async function callOfSubAgent(context: ForgeContext) {
  const { agentOf, agentIdOf, userId, material, otherResourceUrl, parties, now } = context;
  const id = agentIdOf(userId).replace("@", "+break-it@");
  const key = await foreignKey("sub-agent");
  const agentToken = await ownAgentToken(context, { id, key });
  const sent: SentRequest[] = [];
  const traced = createAgentTrace(parties.map.requests);
  const transport: Transport = async (url, request) => {
    const response = await traced.transport(url, request);
    const { method, headers, body = new Uint8Array() } = request;
    sent.push({ method, url, headers: { ...headers }, body, status: response.status });
    return response;
  };
  const agent = createAgent({
    ...{ id, profile: draft11, key, discovery: parties.discovery, now, ...traced, transport },
    agentToken: async () => agentToken.token,
    trustedAuthServers: [parties.personServer!],
    parent: (input) => agentOf(userId).tokenForSubAgent(input),
  });
  const { body } = material.request;
  const call = agent.fetchFor({ waiting: "throw", signal: AbortSignal.timeout(HONEST_MS) });
  const response = granted(await call(`${otherResourceUrl}/`, { method: "POST", headers: JSON_TYPE, body }));
  await response.body?.cancel();
  return { request: sent.at(-1)!, key, agentToken };
}

/** A request that waits for the person: the backend itself is a resource that the person server does not know. */
async function waitingRequest(context: ForgeContext) {
  const { person_token_endpoint: url } = await personServerOf(context);
  const body = { resource: context.issuer, capabilities: ["interaction"] };
  const response = granted(await honest(context, await tokenRequest(context, url, body)));
  const { status, headers } = response;
  const location = headers.get("location");
  if (status !== 202 || location === null) {
    throw new BackendError("conflict", "The person server answered at once, and nothing waits there.");
  }
  return { location, after: async () => honest(context, await poll(context, location, "DELETE")) };
}

async function revokeAtPersonServer(
  { issuer, keys, parties, now }: ForgeContext,
  { jti, exp }: { readonly jti: string; readonly exp: number },
): Promise<void> {
  const { personServer, discovery, map } = parties;
  const { error } = await sendRevocation({
    ...{ issuer, kind: "agent", key: keys()[0]!, jti, exp, discovery, now },
    ...{ recipient: personServer!, recipientKind: "person" },
    transport: createAgentTrace(map.requests).transport,
  });
  if (error !== undefined) throw new BackendError("conflict", `The token could not be revoked (${error}).`);
}

const personServerOf = ({ parties }: ForgeContext) =>
  parties.discovery.metadata<PersonServerMetadata>("person", parties.personServer!);

/** Sends a request of which only the head of the answer counts. */
async function honest({ parties }: ForgeContext, request: ForgedRequest): Promise<Response> {
  const options = { transport: parties.map.requests, timeoutMs: HONEST_MS };
  const response = await sendSigned(request, options);
  await response.body?.cancel();
  return response;
}

function granted(response: Response): Response {
  if (response.ok) return response;
  throw new BackendError(
    "conflict",
    `An honest request before it was refused with status ${response.status}.`,
  );
}
