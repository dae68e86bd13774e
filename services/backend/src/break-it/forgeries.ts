/**
 * The message of each attack in backend-api's table.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { issuePersonToken } from "aauth/server";
import { parseRequirement, TOKEN_TYPES } from "aauth/wire";
import type { AnyBreakItVariant } from "backend-api";
import { februaryMessage } from "../february-2026/forgery.ts";
import {
  accessServerOf,
  callOfSubAgent,
  honest,
  personServerOf,
  requireAccepted,
  revokeAtPersonServer,
  waitingRequest,
} from "./draft-11-honest.ts";
import {
  asAgent,
  asPersonServer,
  byIntruder,
  coveringNoBody,
  type Draft11Context,
  otherAgent,
  ownAgentToken,
  poll,
  redeem,
  revocation,
  tokenRequest,
  typeOf,
} from "./draft-11-messages.ts";
import {
  type FebruaryContext,
  type ForgeContext,
  type ForgedRequest,
  keyOfAnother,
  signed,
  unsignedHeaders,
} from "./forged-request.ts";
import {
  atAnotherPath,
  jwt,
  STALE_SECONDS,
  unsignedToken,
  withChanged,
  withFlippedBit,
  withWiderScope,
} from "./tampering.ts";

/** A well-formed code of twelve symbols. */
const GUESSED_CODE = "ABCD-EFGH-JKMN";

/**
 * What makes the message of each attack. Receives the context of either dialect, as it needs it.
 */
export const FORGERIES = {
  "changed-body": async (context: ForgeContext) => withFlippedBit(await signed(context)),

  "changed-path": async (context: ForgeContext) => atAnotherPath(await signed(context)),

  /** Signed with a foreign key, under the backend's name and without the run's token. */
  "other-key": async (context: FebruaryContext) => {
    // The foreign key claims our key id and, for hwk, our public key. The trace names the foreign
    // key.
    const { kid, publicJwk } = context.key;
    const { key, party } = await keyOfAnother("thief");
    const signatureKey = context.ownName;
    const forged = await signed(context, { key: { ...key, kid, publicJwk }, party, signatureKey });
    return { ...forged, signature: { ...forged.signature!, key } };
  },

  /** Signed without the components that bind the body. */
  "uncovered-body": (context: Draft11Context) => signed(context, { profile: coveringNoBody }),

  stale: (context: ForgeContext) => signed(context, { now: () => context.now() - STALE_SECONDS }),

  replay: async (context: ForgeContext) => ({ ...(await signed(context)), twice: true }),

  /** The run's token, signed with a key that it is not bound to. */
  "stolen-token": async (context: ForgeContext) => signed(context, await keyOfAnother("thief")),

  /** A sub-agent's token in a request that its parent has signed. */
  "other-agents-token": async (context: Draft11Context) => {
    const { request, token } = await callOfSubAgent(context);
    return signed(context, { request, signatureKey: jwt(token) });
  },

  /** An agent token that its provider signed more than an hour ago. */
  "expired-token": async (context: Draft11Context) => {
    const now = () => context.now() - 3_600 - STALE_SECONDS;
    return signed(context, { signatureKey: jwt((await ownAgentToken({ ...context, now })).token) });
  },

  /** A token whose `typ` names another kind. */
  "swapped-typ": (context: Draft11Context) => {
    const { material } = context;
    const typ = typeOf(material) === TOKEN_TYPES.person ? TOKEN_TYPES.auth : TOKEN_TYPES.person;
    return signed(context, { signatureKey: jwt(withChanged(material.token!, { header: { typ } })) });
  },

  "widened-scope": (context: ForgeContext) =>
    signed(context, { signatureKey: jwt(withWiderScope(context.material.token!)) }),

  /** A request with the token but no signature, as in OAuth. */
  "bearer-token": async ({ material: { request, token } }: Draft11Context) => {
    const { method, url, body } = request;
    const headers = { ...unsignedHeaders(request), authorization: `Bearer ${token}` };
    return { method, url, headers, body };
  },

  "february-message": februaryMessage,

  "agent-token-only": async (context: Draft11Context) => signed(context, await asAgent(context)),

  "other-audience": (context: ForgeContext) => {
    const request = { ...context.material.request, url: `${context.otherResourceUrl}/` };
    return signed(context, { request });
  },

  /** A token of the second hop, used once and then revoked by its agent's provider. */
  "revoked-token": async (context: Draft11Context) => {
    const { request, token, key, agentToken } = await callOfSubAgent(context);
    await revokeAtPersonServer(context, agentToken.claims);
    return signed(context, { request, key, party: "sub-agent", signatureKey: jwt(token) });
  },

  /** A code that belongs to no request. */
  "guessed-code": async ({ agentUrl }: Draft11Context) =>
    byIntruder(`${agentUrl}/interaction?code=${GUESSED_CODE}`),

  /** A browser that returns as if the person had acted. */
  "forged-callback": async (context: Draft11Context) => {
    const { polled, after } = await waitingRequest(context);
    const forged = `${context.parties.personServer}/interaction/returned/${randomBytes(16).toString("base64url")}`;
    return { ...byIntruder(forged), proof: polled, after };
  },

  /** The pending URL of the user's agent, polled by another agent of the same provider. */
  "pending-of-another": async (context: Draft11Context) => {
    const { location, after } = await waitingRequest(context);
    return { ...(await poll(await otherAgent(context), location)), after };
  },

  /** At the person server: the agent's own token with a thief's key. */
  "stolen-agent-token": async (context: Draft11Context) => {
    const { person_token_endpoint: url } = await personServerOf(context);
    const body = { resource: context.otherResourceUrl };
    return tokenRequest(context, url, body, await keyOfAnother("thief"));
  },

  /** A token that the user's agent presented to others, rather than received from a caller. */
  "foreign-upstream-token": async (context: Draft11Context) => {
    const { person_token_endpoint: url } = await personServerOf(context);
    const body = { resource: context.otherResourceUrl, upstream_token: context.material.token };
    return tokenRequest(context, url, body);
  },

  /** The backend poses as a person server and names a token that it has issued to its own agent. */
  "upstream-of-another-server": async (context: Draft11Context) => {
    const { issuer, keys, key, now } = context;
    const { person_token_endpoint: url } = await personServerOf(context);
    const { token: upstream_token } = await issuePersonToken({
      key: keys()[0]!,
      issuer,
      audience: issuer,
      subject: "anyone",
      confirmationKey: key.publicJwk,
      now,
    });
    return tokenRequest(context, url, { resource: context.otherResourceUrl, upstream_token });
  },

  /** A browser that opens the page with a code whose last symbol is wrong. */
  "guessed-consent-code": async (context: Draft11Context) => {
    const { requirement, polled, after } = await waitingRequest(context);
    const { url, code = "" } = parseRequirement(requirement);
    const guessed = code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
    return { ...byIntruder(`${url}?code=${guessed}`), proof: polled, after };
  },

  /** A revocation by the backend of a token that the person server has issued. */
  "revocation-by-another": async (context: Draft11Context) => {
    const { revocation_endpoint: url } = await personServerOf(context);
    const proof = async () => honest(context, await signed(context));
    // A token that is already refused would show a revocation that did not take place.
    await requireAccepted(proof);
    return { ...(await revocation(context, url!)), proof };
  },

  /** A resource token for the user's agent, redeemed by another agent. */
  "foreign-resource-token": async (context: Draft11Context) => redeem(await otherAgent(context)),

  "unsigned-resource-token": (context: ForgeContext) =>
    context.redeem(unsignedToken(context.material.grant!.resourceToken)),

  /** An agent that calls the access server, which serves person servers only. */
  "agent-at-access-server": async (context: Draft11Context) => {
    const { auth_token_endpoint: url } = await accessServerOf(context);
    return tokenRequest(context, url, await federated(context));
  },

  /** The backend calls in its own name, as if it were a person server. */
  "forged-person-server": async (context: Draft11Context) => {
    const { auth_token_endpoint: url } = await accessServerOf(context);
    return asPersonServer(context, url, await federated(context));
  },

  /**
   * A revocation by a party that is neither a person server nor a resource of this access server.
   */
  "foreign-revocation": async (context: Draft11Context) => {
    const { revocation_endpoint: url } = await accessServerOf(context);
    return revocation(context, url!);
  },
} satisfies Record<AnyBreakItVariant, (context: never) => Promise<ForgedRequest>>;

/** Members of a person server's request to an access server, with the tokens of the run. */
async function federated(context: Draft11Context) {
  const { resourceToken: resource_token, presentedToken: presented_token } = context.material.grant!;
  return { resource_token, agent_token: (await ownAgentToken(context)).token, presented_token };
}
