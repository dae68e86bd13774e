/**
 * The honest requests that precede some tampered ones.
 *
 * @module
 */

import { draft11 } from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { signingToken, subAgentId } from "agent-kit/draft-11";
import { readBounded } from "agent-kit/service";
import { createAgentTrace } from "protocol-trace";
import type { SentRequest } from "../calls/evidence.ts";
import { BackendError } from "../errors.ts";
import {
  type Draft11Context,
  JSON_TYPE,
  type NamedToken,
  ownAgentToken,
  poll,
  revocation,
  tokenRequest,
} from "./draft-11-messages.ts";
import { type ForgedRequest, keyOfAnother } from "./forged-request.ts";
import { MAX_HONEST_ANSWER_BYTES, sendSigned, withoutTrace } from "./send-forged.ts";

const HONEST_MS = 10_000;

/**
 * An honest call to the other resource, the second hop, by a sub-agent of the user's agent. The
 * run's own tokens are not used.
 */
export async function callOfSubAgent(context: Draft11Context) {
  const { agentOf, idOf, userId, material, otherResourceUrl, parties, now } = context;
  const id = subAgentId(idOf(userId), "break-it");
  const { key, party } = await keyOfAnother("sub-agent");
  const agentToken = await ownAgentToken(context, { id, key });
  const sent: SentRequest[] = [];
  const traced = createAgentTrace(parties.map.requests, { party });
  const transport: Transport = async (url, request) => {
    const response = await traced.transport(url, request);
    const { method, headers, body = new Uint8Array() } = request;
    sent.push({ method, url, headers: { ...headers }, body, status: response.status });
    return response;
  };
  const agent = createAgent({
    id,
    profile: draft11,
    key,
    discovery: parties.discovery,
    now,
    ...traced,
    transport,
    agentToken: async () => agentToken.token,
    personServer: parties.personServer,
    parent: (input) => agentOf(userId).tokenForSubAgent(input),
  });
  const { body } = material.request;
  const call = agent.fetchFor({ signal: AbortSignal.timeout(HONEST_MS) });
  const response = granted(await call(`${otherResourceUrl}/`, { method: "POST", headers: JSON_TYPE, body }));
  await response.body?.cancel();
  const request = sent.at(-1)!;
  return { request, token: signingToken(request.headers)!, key, agentToken };
}

/**
 * A request that waits for the person, because its resource, the backend, is unknown to the person
 * server.
 */
export async function waitingRequest(context: Draft11Context) {
  const { person_token_endpoint: url } = await personServerOf(context);
  const body = { resource: context.issuer, capabilities: ["interaction"] };
  const response = granted(await honest(context, await tokenRequest(context, url, body)));
  const { status, headers } = response;
  const location = headers.get("location");
  if (status !== 202 || location === null) {
    throw new BackendError("conflict", "The person server answered at once, so no request is pending.");
  }
  return {
    location,
    requirement: headers.get("aauth-requirement") ?? "",
    polled: async () => honest(context, await poll(context, location)),
    after: async () => honest(context, await poll(context, location, "DELETE")),
  };
}

/** Revokes a token of this agent's, and waits until no party accepts it. */
export async function revokeAtPersonServer(context: Draft11Context, token: NamedToken): Promise<void> {
  const { revocation_endpoint: url } = await personServerOf(context);
  const { status } = await honest(context, await revocation(context, url!, token));
  if (status === 200) return;
  throw new BackendError("conflict", `The token could not be revoked (status ${status}).`);
}

/**
 * Makes an honest call that the attempt's trace does not show.
 *
 * @throws BackendError `conflict` if it is refused
 */
export async function requireAccepted(call: () => Promise<Response>): Promise<void> {
  const { status } = await withoutTrace(call);
  // 202 tells that the request waits, not that the token was accepted.
  if (status === 200) return;
  const why = `The token of this run is no longer accepted (status ${status}), as after you revoke it. Start a new run.`;
  throw new BackendError("conflict", why, { code: "token_not_accepted" });
}

export const personServerOf = ({ parties }: Draft11Context) =>
  parties.discovery.metadata(draft11.documents.kinds.person, parties.personServer!);

export const accessServerOf = ({ parties }: Draft11Context) =>
  parties.discovery.metadata(draft11.documents.kinds.access, parties.accessServer!);

/** Sends a request and ignores the body of the answer. */
export async function honest({ parties }: Draft11Context, request: ForgedRequest): Promise<Response> {
  const options = { transport: parties.map.requests, timeoutMs: HONEST_MS };
  const response = await sendSigned(request, options);
  // The span ends with the body, and must end before the next message.
  await readBounded(response, MAX_HONEST_ANSWER_BYTES);
  return response;
}

function granted(response: Response): Response {
  if (response.ok) return response;
  throw new BackendError(
    "conflict",
    `A preceding honest request was refused with status ${response.status}.`,
  );
}
