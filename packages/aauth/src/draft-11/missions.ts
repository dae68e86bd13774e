/**
 * Requests of an agent about its missions and about actions that no resource governs (draft -11,
 * sections 7.7, 7.8 and 8).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import { textOf } from "../profile/answer-members.ts";
import type {
  ApprovedMission,
  DeferredToken,
  GrantedToken,
  MissionAction,
  MissionProposal,
  TokenRequest,
  TokenRequestContext,
  TokenResponse,
  TokenResponseContext,
} from "../profile/token-requests.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { ACCEPTED } from "./deferred.ts";
import { LEVELS } from "./names.ts";
import {
  check,
  failed,
  listed,
  type Members,
  readDeferred,
  refusedBy,
  tokenRequest,
} from "./token-requests.ts";

const [, PERSON] = LEVELS;

/** The request that proposes a mission. */
export function missionRequest(
  server: string,
  { description, tools, resources }: MissionProposal,
  context: TokenRequestContext,
): TokenRequest {
  const { capabilities, loginHint } = context;
  const members = { description, tools, resources, login_hint: loginHint };
  const asked = { ...members, capabilities: listed(capabilities) };
  return tokenRequest("mission", server, "mission_endpoint", context, asked);
}

/**
 * Reads the response to a proposal, and checks the tokens of an approval.
 *
 * @throws AAuthAgentError `token_request_failed` for an invalid approval or token, or a mission
 *   with another digest
 */
export async function readMission(
  response: TokenResponse,
  context: TokenResponseContext,
): Promise<ApprovedMission | DeferredToken> {
  const { status, members } = response;
  if (status === ACCEPTED) return readDeferred(response);
  if (status !== 200) throw refusedBy(response);
  const [id, mission] = [textOf(members?.s256), textOf(members?.mission)];
  const bytes = mission === undefined ? undefined : decodeBase64Url(mission);
  if (id === undefined || bytes === undefined) throw failed("the approval contains no mission", "8.2");
  if ((await platformCrypto.digest("sha-256", bytes, "base64url")) !== id) {
    throw failed("s256 is not the digest of the mission", "8.2.1");
  }
  const blob = parseJsonObject(new TextDecoder().decode(bytes));
  if (blob === undefined) throw failed("the mission is not a JSON object", "8.2");
  const tokens = new Map<string, GrantedToken>();
  for (const [resource, token] of Object.entries((members?.person_tokens ?? {}) as Members)) {
    if (typeof token !== "string") continue;
    const expects = { level: PERSON, mission: id };
    const checked = await check(token, { ...context, resource, expects });
    tokens.set(resource, { type: "granted", token, ...checked });
  }
  const capabilities = strings(members?.capabilities);
  return { type: "approved", id, mission: blob, capabilities, tokens, scope: "", variant: PERSON };
}

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** The request to a mission's own URL. */
export function missionChange(
  server: string,
  mission: string,
  members: Members,
  context: TokenRequestContext,
): TokenRequest {
  const asked = { ...members, capabilities: listed(context.capabilities) };
  const type = `mission-${String(members.action)}`;
  return { ...tokenRequest(type, server, "mission_endpoint", context, asked), below: mission };
}

/** The request for the permission to do something. */
export function permissionRequest(
  server: string,
  { action, description, parameters }: MissionAction,
  context: TokenRequestContext,
): TokenRequest {
  const { mission: mission_s256, capabilities } = context;
  const members = { action, description, parameters, mission_s256, capabilities: listed(capabilities) };
  return tokenRequest("permission", server, "permission_endpoint", context, members);
}

/** The record of what was done. */
export function auditRequest(
  server: string,
  { action, description, parameters, result }: MissionAction,
  context: TokenRequestContext,
): TokenRequest {
  const members = { action, description, parameters, result, mission_s256: context.mission };
  return tokenRequest("audit", server, "audit_endpoint", context, members);
}

/** Reads the answer about a permission. Anything but `granted` is a denial. */
export const readPermission = (response: TokenResponse) =>
  readDone(response, ({ permission, reason }) => ({
    type: "decided" as const,
    isGranted: permission === "granted",
    reason: textOf(reason),
  }));

/** Reads the answer to an update. */
export const readUpdate = (response: TokenResponse) =>
  readDone(response, (members) => {
    const s256 = textOf(members.s256);
    if (s256 === undefined) throw failed("the answer to an update names no digest", "8.4");
    return { type: "updated" as const, s256 };
  });

/** Reads the answer to a proposed completion. */
export const readCompletion = (response: TokenResponse) =>
  readDone(response, () => ({ type: "completed" as const }));

function readDone<Outcome>(
  response: TokenResponse,
  read: (members: Members) => Outcome,
): Outcome | DeferredToken {
  const { status, members = {} } = response;
  if (status === ACCEPTED) return readDeferred(response);
  if (status !== 200) throw refusedBy(response);
  return read(members);
}

/** @throws AAuthAgentError unless the record was acknowledged */
export function requireRecorded(response: TokenResponse): void {
  if (response.status !== 201) throw refusedBy(response);
}
