/**
 * The messages that make up tampered requests of draft -11, signed as the run signed, as the user's
 * agent, or as another agent.
 *
 * @module
 */

import { decodeToken, draft11, type SigningKey, type SignRequestOptions } from "aauth";
import type { Agent } from "aauth/agent";
import { issueAgentToken } from "aauth/server";
import type { Draft11Parties } from "agent-kit/draft-11";
import type { DRAFT_11_MODES } from "agent-kit/settings";
import {
  type ForgeContext,
  type ForgedRequest,
  type ForgeOptions,
  type ForgingParty,
  keyOfAnother,
  signForged,
} from "./forged-request.ts";
import type { Material } from "./material.ts";
import { jwt } from "./tampering.ts";

/** Modes in order: each also has the variants of the modes before it. */
export type Mode = (typeof DRAFT_11_MODES)[number];

export interface Draft11Options {
  readonly mode: Mode;
  /** The backend's identifier, as the agent provider of its agents. */
  readonly issuer: string;
  /** The backend's keys, the current one first. */
  readonly keys: () => readonly SigningKey[];
  readonly agentOf: (userId: string) => Agent;
  /** Identifier of a user's agent. */
  readonly idOf: (userId: string) => string;
  readonly parties: Draft11Parties;
  /** Identifiers. */
  readonly agentUrl: string;
  readonly otherResourceUrl: string;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface Draft11Context extends ForgeContext, Draft11Options {
  readonly userId: string;
}

export const JSON_TYPE = { "content-type": "application/json" };

/** `typ` of the token that the run's request was signed with. */
export const typeOf = ({ token = "" }: Material): unknown => decodeToken(token).header.typ;

/** Signs as the profile requires, but does not cover the body. */
export const coveringNoBody: typeof draft11 = {
  ...draft11,
  messages: {
    ...draft11.messages,
    signedComponents: (facts) => draft11.messages.signedComponents({ ...facts, hasBody: false }),
  },
};

/** An unsigned request of a browser that has no session. */
export const byIntruder = (url: string): ForgedRequest => ({
  method: "GET",
  url,
  headers: {},
  party: "intruder",
});

/** An agent's request to a server, signed with its agent token. */
export async function tokenRequest(
  context: Identity,
  url: string,
  members: object,
  changes: Signer = {},
): Promise<ForgedRequest> {
  return posted(context, url, members, { ...(await asAgent(context)), ...changes });
}

/** A token request to an access server, as from a person server but in the backend's own name. */
export const asPersonServer = (context: Draft11Context, url: string, members: object) =>
  posted(context, url, members, inOwnName(context, "person"));

/** Identifies a token in a revocation request. */
export interface NamedToken {
  readonly jti?: unknown;
  /** Unix seconds. */
  readonly exp?: unknown;
}

/** A revocation in the backend's own name, as an agent provider. Default: of the run's token. */
export function revocation(
  context: Draft11Context,
  url: string,
  { jti, exp }: NamedToken = decodeToken(context.material.token!).claims,
): Promise<ForgedRequest> {
  const role = { endpoint: "revocation", purpose: "resource" } as const;
  return posted(context, url, { jti, exp }, { ...inOwnName(context, "agent"), ...role });
}

function inOwnName({ issuer: id, keys }: Draft11Context, kind: "agent" | "person") {
  const signatureKey = {
    scheme: "jwks_uri",
    id,
    document: draft11.documents.kinds[kind].document.name,
  } as const;
  return { key: keys()[0]!, signatureKey };
}

function posted(
  { now }: Draft11Context,
  url: string,
  members: object,
  signer: Required<Pick<SignRequestOptions, "key" | "signatureKey">> & Partial<ForgeOptions>,
): Promise<ForgedRequest> {
  const body = new TextEncoder().encode(JSON.stringify(members));
  const options = { profile: draft11, endpoint: "token", purpose: "token", now } as const;
  return signForged({ method: "POST", url, headers: JSON_TYPE, body }, { ...options, ...signer });
}

export async function poll(context: Identity, url: string, method = "GET"): Promise<ForgedRequest> {
  const options = { profile: draft11, endpoint: "pending", purpose: "token", now: context.now } as const;
  return signForged({ method, url, headers: {} }, { ...options, ...(await asAgent(context)) });
}

/** Requests an auth token as the run did, with another resource token or as another agent. */
export async function redeem(context: Identity, resourceToken?: string): Promise<ForgedRequest> {
  const { request, ...grant } = context.material.grant!;
  const members = {
    resource_token: resourceToken ?? grant.resourceToken,
    presented_token: grant.presentedToken,
  };
  return tokenRequest(context, request.url, members);
}

interface Signer {
  readonly key?: SigningKey;
  readonly party?: ForgingParty | undefined;
}

/** The signing agent: the user's, or another one of the backend's. */
type Identity = Draft11Context & { readonly agentId?: string; readonly party?: ForgingParty };

/** An agent of the backend's with its own key and no person. */
export const otherAgent = async (context: Draft11Context): Promise<Identity> => ({
  ...context,
  agentId: `aauth:other-agent@${new URL(context.issuer).host}`,
  ...(await keyOfAnother("other-agent")),
});

export const asAgent = async (context: Identity) => ({
  key: context.key,
  party: context.party,
  signatureKey: jwt((await ownAgentToken(context)).token),
});

/** Issues an agent token. The backend is the provider of all these agents. */
export function ownAgentToken(
  context: Identity,
  subAgent?: { readonly id: string; readonly key: SigningKey },
) {
  const { issuer, keys, parties, idOf, userId, now } = context;
  const { agentId = idOf(userId) } = context;
  return issueAgentToken({
    key: keys()[0]!,
    issuer,
    agent: subAgent?.id ?? agentId,
    ...(subAgent && { parentAgent: agentId }),
    personServer: parties.personServer,
    confirmationKey: (subAgent ?? context).key.publicJwk,
    now,
  });
}
