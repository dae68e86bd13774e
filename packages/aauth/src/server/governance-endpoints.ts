/**
 * The permission and audit endpoints of a person server: what an agent does where no resource
 * governs it (draft -11, sections 7.7 and 7.8).
 *
 * @module
 */

import { emptyAnswer } from "../draft-11/problem.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { callingAgent, readOwnRequest, requireOwnAgent } from "./agent-parties.ts";
import { invalidRequest, succeeded } from "./answers.ts";
import { assertionsOf, isBoundedString } from "./assertions.ts";
import { beginRequest, signedRecord } from "./mission-requests.ts";
import { requiredS256 } from "./missions.ts";
import type { PersonContext } from "./person-server-types.ts";
import type { Call } from "./server-frame.ts";

type Members = Readonly<Record<string, unknown>>;

/** Maximum length of the JSON of `parameters` and of `result`. */
const MAX_OBJECT_CHARACTERS = 16_000;

/** Handles a request for a permission. @throws Problem, AAuthVerificationError */
export async function permissionRequest(context: PersonContext, call: Call): Promise<Answer> {
  const action = { name: actionOf(call.members), parameters: objectOf(call.members, "parameters") };
  const { asked, work, depends } = await readOwnRequest(context, call);
  const mission = await context.missions.named(asked.agent, call.members.mission_s256);
  return beginRequest(
    context,
    call,
    { asked: { ...asked, kind: "permission", action }, work, depends },
    mission,
  );
}

/** The outcome of a permission. A denial is no error (section 7.7.2). */
export const permissionAnswer = (permission: "granted" | "denied", reason?: string): Answer =>
  succeeded({ permission, ...(reason !== undefined && { reason }) });

/** Records what an agent has done. @throws Problem, AAuthVerificationError */
export async function auditRequest({ missions, ...context }: PersonContext, call: Call): Promise<Answer> {
  const { members } = call;
  const { claims, agent } = callingAgent(call, context.now);
  requireOwnAgent(context, claims);
  const action = actionOf(members);
  const { description } = assertionsOf(members);
  const parameters = objectOf(members, "parameters");
  const result = objectOf(members, "result");
  const mission = await missions.active({ agent, s256: requiredS256(members.mission_s256) });
  const signed = signedRecord(call.request);
  await missions.log(mission, { type: "recorded", action, description, parameters, result, signed });
  return emptyAnswer(201);
}

/** @throws Problem `invalid_request` */
function actionOf({ action }: Members): string {
  if (isBoundedString(action)) return action;
  throw invalidRequest("action is required, of bounded length");
}

/** @throws Problem `invalid_request` */
function objectOf(members: Members, name: string): Members | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject && JSON.stringify(value).length <= MAX_OBJECT_CHARACTERS) return value as Members;
  throw invalidRequest(`${name} must be an object of at most ${MAX_OBJECT_CHARACTERS} characters`);
}
