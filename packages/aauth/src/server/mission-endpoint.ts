/**
 * The mission endpoint of a person server: proposals, updates and completion of an agent's own
 * missions (draft -11, sections 8.1 to 8.5).
 *
 * @module
 */

import { encodeBase64Url } from "../base64.ts";
import { isServerIdentifier } from "../draft-11/identifiers.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { readOwnRequest } from "./agent-parties.ts";
import { invalidRequest, succeeded } from "./answers.ts";
import { assertionsOfResource, isBoundedString, listOf } from "./assertions.ts";
import { beginRequest } from "./mission-requests.ts";
import { blobOf, isoTime, requiredS256, s256Of } from "./missions.ts";
import type { PersonContext, PersonRequest } from "./person-server-types.ts";
import { admitResource, issueFor } from "./person-token-endpoint.ts";
import type { Call } from "./server-frame.ts";
import type { Grant, MissionTerms, MissionTool, ResourceAssertions } from "./types.ts";

type Members = Readonly<Record<string, unknown>>;

/** Maximum tools, and accepted updates of one mission. */
const MAX_TOOLS = 50;
const MAX_UPDATES = 100;

/** Handles a proposal. @throws Problem, AAuthVerificationError */
export async function proposeMission(context: PersonContext, call: Call): Promise<Answer> {
  const { description } = call.members;
  if (!isBoundedString(description)) throw invalidRequest("description is required, of bounded length");
  const tools = toolsOf(call.members);
  const resources = listOf(call.members, "resources");
  if (!resources.every(isServerIdentifier)) throw invalidRequest("resources must be server identifiers");
  for (const resource of resources) admitResource(context, call, resource);
  const { asked, ...request } = await readOwnRequest(context, call);
  const about = await describe(context, resources);
  const proposal = { description, tools, resources: [...new Set(resources)], about };
  return context.pending.begin(call, { ...request, asked: { ...asked, kind: "mission", proposal } });
}

/**
 * Handles a request to a mission's own URL.
 *
 * @throws Problem 400 for a malformed URL or action; 404 `mission_not_found`; 403
 *   `mission_terminated`
 */
export async function changeMission(context: PersonContext, call: Call, s256: string): Promise<Answer> {
  const { action, description, summary } = call.members;
  const kind = action === "update" || action === "completion" ? (`mission-${action}` as const) : undefined;
  if (kind === undefined) throw invalidRequest("action must be update or completion");
  const { asked, work, depends } = await readOwnRequest(context, call);
  const mission = await context.missions.active({ agent: asked.agent, s256: requiredS256(s256) });
  const text = kind === "mission-update" ? description : summary;
  if (!isBoundedString(text)) {
    throw invalidRequest(`${kind === "mission-update" ? "description" : "summary"} is required`);
  }
  if (kind === "mission-update" && mission.updates.length >= MAX_UPDATES) {
    throw invalidRequest("the mission has too many updates: propose a new mission");
  }
  const fromAgent = { ...asked.fromAgent, description: text };
  return beginRequest(context, call, { asked: { ...asked, kind, fromAgent }, work, depends }, mission);
}

/** @throws Problem `invalid_request` */
function toolsOf({ tools = [] }: Members): readonly MissionTool[] {
  const isTool = (value: unknown): value is MissionTool => {
    const { name, description } = (value ?? {}) as Members;
    return isBoundedString(name) && (description === undefined || isBoundedString(description));
  };
  if (!Array.isArray(tools) || tools.length > MAX_TOOLS || !tools.every(isTool)) {
    throw invalidRequest(`tools must be at most ${MAX_TOOLS} objects with a name`);
  }
  return tools.map(({ name, description }) => ({ name, ...(description !== undefined && { description }) }));
}

async function describe({ discovery }: PersonContext, resources: readonly string[]) {
  const about = await Promise.all(
    resources.map(
      async (id): Promise<[string, ResourceAssertions]> => [
        id,
        await assertionsOfResource(discovery, id, []),
      ],
    ),
  );
  return Object.fromEntries(about);
}

/** The approved terms: of the proposal's resources, those that were approved. */
function approvedTerms(proposal: MissionTerms, { mission }: Grant): MissionTerms {
  const { description, tools, resources, expiresAt } = mission ?? proposal;
  return {
    description,
    tools,
    resources: resources.filter((id) => proposal.resources.includes(id)), // hole W6: resources
    expiresAt,
  };
}

/** Records the approved mission, and issues a person token for each of its resources. */
export async function giveMission(context: PersonContext, record: PersonRequest): Promise<Answer> {
  const { now, missions, options } = context;
  const { asked, grant = {}, work } = record;
  const person = asked.person!;
  const terms = approvedTerms(asked.proposal!, grant);
  const approvedAt = work.approvedAt ?? now();
  const bytes = blobOf(asked.agent, terms, approvedAt);
  const s256 = await s256Of(bytes);
  const blob = encodeBase64Url(bytes);
  const { agent, capabilities } = asked;
  await missions.create({ ...terms, s256, blob, agent, person, approvedAt, capabilities });
  const notAfter = Math.min(work.notAfter, terms.expiresAt ?? Number.POSITIVE_INFINITY); // hole W7: work.notAfter
  const request = { asked, work: { ...work, mission: { agent, s256 }, notAfter } };
  const issued = await Promise.all(
    terms.resources.map(async (id) => [id, (await issueFor(context, request, id)).token] as const),
  );
  const canReach = (await options.canReach?.(person)) ?? false;
  return succeeded({
    s256,
    mission: blob,
    ...(canReach && { capabilities: ["interaction"] }),
    ...(issued.length > 0 && { person_tokens: Object.fromEntries(issued) }),
  });
}

/** Records an accepted update. Its digest covers the bytes of its log entry. */
export async function giveUpdate({ missions, now }: PersonContext, record: PersonRequest): Promise<Answer> {
  const { asked, work } = record;
  const mission = work.mission!;
  const description = asked.fromAgent.description!;
  const update = { mission_s256: mission.s256, accepted_at: isoTime(work.approvedAt ?? now()), description };
  const bytes = new TextEncoder().encode(JSON.stringify(update));
  const s256 = await s256Of(bytes);
  await missions.update(mission, description);
  await missions.log(mission, { type: "updated", s256, bytes: encodeBase64Url(bytes) });
  return succeeded({ s256 });
}
