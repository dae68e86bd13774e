/**
 * Requests that are part of a mission: what the policy knows of it, and what its log records (draft
 * -11, sections 7.1, 7.2 and 8.3).
 *
 * @module
 */

import { encodeBase64Url } from "../base64.ts";
import { FIELDS } from "../draft-11/names.ts";
import { parseSignatureInput } from "../draft-11/signature-key.ts";
import { fieldValue } from "../http-signatures/field.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { failed } from "./answers.ts";
import { terminated } from "./missions.ts";
import type { PersonContext, PersonRequest, PersonWork } from "./person-server-types.ts";
import type { NewRequest } from "./request-types.ts";
import type { Call } from "./server-frame.ts";
import type { AskedRequest, Mission, MissionEvent, ServerRequest, SignedRecord } from "./types.ts";

type Decided = Extract<MissionEvent, { type: "decided" }>;

/**
 * Begins a request. Under a mission it is logged, its token ends with the mission, and without own
 * capabilities it has those of the approval (sections 7.1 and 7.2.1).
 */
export async function beginRequest(
  { pending, missions }: PersonContext,
  call: Call,
  { asked, work, ...request }: NewRequest<PersonWork>,
  mission: Mission | undefined,
): Promise<Answer> {
  if (mission === undefined) return pending.begin(call, { ...request, asked, work });
  const { agent, s256, expiresAt = Number.POSITIVE_INFINITY } = mission;
  const signed = signedRecord(call.request);
  const logged = await missions.log(mission, { type: "requested", request: asked, signed });
  const capabilities = call.members.capabilities === undefined ? mission.capabilities : asked.capabilities;
  const notAfter = Math.min(work.notAfter, expiresAt); // hole W7a: work.notAfter
  return pending.begin(call, {
    ...request,
    asked: { ...asked, capabilities, mission: { ...mission, isNamed: false } },
    work: { ...work, mission: { agent, s256 }, logged, notAfter },
  });
}

/** Logs a decision, if the request is part of a mission. */
export async function logDecision(
  { missions }: Pick<PersonContext, "missions">,
  { work: { mission, logged } }: Pick<PersonRequest, "work">,
  decision: Omit<Decided, "type" | "of">,
): Promise<void> {
  if (mission === undefined || logged === undefined) return;
  await missions.log(mission, { type: "decided", of: logged, ...decision });
}

/** Whether the mission's approval named what the request is about. */
export const isNamedBy = (
  { tools, resources }: Mission,
  { kind, resource, action }: AskedRequest,
): boolean =>
  kind === "permission"
    ? tools.some(({ name }) => name === action?.name)
    : resource !== undefined && resources.includes(resource);

/** The outcome of a request whose mission has ended (section 8.8); undefined otherwise. */
export async function missionEnded(
  { missions }: Pick<PersonContext, "missions">,
  { work }: Pick<PersonRequest, "work">,
): Promise<Answer | undefined> {
  const mission = work.mission && (await missions.get(work.mission));
  return mission?.termination && failed(terminated(mission.termination));
}

/** What is needed to verify the agent's signature later. */
export function signedRecord({ method, target, headers, body }: ServerRequest): SignedRecord {
  const { components } = parseSignatureInput(fieldValue(headers, FIELDS.signatureInput) ?? "");
  const names = [...components, FIELDS.signatureInput, FIELDS.signature, FIELDS.signatureKey];
  const fields = names.filter((name) => !name.startsWith("@"));
  return {
    method,
    target,
    headers: Object.fromEntries(fields.map((name) => [name, fieldValue(headers, name) ?? ""])),
    body: encodeBase64Url(body ?? new Uint8Array()),
  };
}
