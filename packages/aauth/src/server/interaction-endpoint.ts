/**
 * The interaction endpoint of a person server, which relays a resource's page or a question to the
 * person (draft -11, section 7.6).
 *
 * @module
 */

import { isEndpointUrl } from "../draft-11/identifiers.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { readOwnRequest } from "./agent-parties.ts";
import { invalidRequest, Problem, succeeded } from "./answers.ts";
import { isBoundedString } from "./assertions.ts";
import { beginRequest } from "./mission-requests.ts";
import type { PersonContext, PersonRequest } from "./person-server-types.ts";
import type { Call } from "./server-frame.ts";

type Members = Readonly<Record<string, unknown>>;

/** @throws Problem, AAuthVerificationError */
export async function interactionRequest(context: PersonContext, call: Call): Promise<Answer> {
  const { now, options, missions } = context;
  const { maxWaitSeconds, ...relayed } = relayedBy(call.members);
  const { asked, work, depends } = await readOwnRequest(context, call);
  const { agent, person } = asked;
  if (person === undefined || !((await options.canReach?.(person)) ?? false)) {
    const why = "this server cannot reach the person";
    throw relayed.kind === "question"
      ? new Problem(403, "user_unreachable", why)
      : new Problem(424, "interaction_unavailable", why);
  }
  const request = {
    asked: { ...asked, ...relayed },
    work: { ...work, resolveAt: maxWaitSeconds && now() + maxWaitSeconds },
    depends,
    state: "waiting",
    requirement: { requirement: "approval" },
  } as const;
  return beginRequest(context, call, request, await missions.named(agent, call.members.mission_s256));
}

/** Reads the page or the question for the person. @throws Problem `invalid_request` */
function relayedBy({ type, url, code, question, max_wait: maxWait }: Members) {
  if (type !== "interaction" && type !== "payment" && type !== "question") {
    throw invalidRequest("type must be interaction, payment or question");
  }
  if (code !== undefined && !isBoundedString(code)) throw invalidRequest("code must be a non-empty string");
  if (maxWait !== undefined && !isSeconds(maxWait)) {
    throw invalidRequest("max_wait must be a number of seconds");
  }
  if (type === "question") {
    if (!isBoundedString(question)) throw invalidRequest("question is required");
    return { kind: type, question, maxWaitSeconds: maxWait } as const;
  }
  if (!isEndpointUrl(url)) throw invalidRequest("url must be https, without query");
  return { kind: type, page: { url, code }, maxWaitSeconds: maxWait } as const;
}

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** The outcome of a relay after the agent's waiting time. */
export const relayEnded = ({ work }: PersonRequest, now: number): Answer | undefined =>
  work.resolveAt !== undefined && now >= work.resolveAt ? succeeded({ status: "interacting" }) : undefined;
