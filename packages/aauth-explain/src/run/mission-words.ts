/**
 * Words of the requests about a mission, and of their answers (draft -11, sections 7.7, 7.8 and 8).
 *
 * @module
 */

import type { RequestWords } from "./message-words.ts";
import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";

/** Members of a body that state a type of request, most specific first. */
export const MISSION_BODIES: readonly (readonly [RegExp, string])[] = [
  [/^\s*\{\s*"action"\s*:\s*"update"/, "mission-update"],
  [/^\s*\{\s*"action"\s*:\s*"completion"/, "mission-completion"],
  [/^\s*\{\s*"action"\s*:.*"result"\s*:/s, "audit"],
  [/^\s*\{\s*"action"\s*:/, "permission"],
  [/^\s*\{\s*"description"\s*:/, "mission"],
];

export const MISSION_REQUESTS: Readonly<Record<string, RequestWords>> = {
  mission: {
    name: "mission proposal",
    asks: "proposes a mission",
    purpose: ({ from, to }) => [
      "Mission proposal",
      `${partyName(from)} proposes a goal (description), the tools that it uses and the resources that it calls. ${partyName(to)} has the person approve, change or deny it. The digest of the approved text (s256) is the mission’s identifier, so nobody can change it later.`,
      "8.1",
      "8.2",
      "8.2.1",
    ],
  },
  "mission-update": {
    name: "mission update",
    asks: "tells the person what changes in its mission",
    purpose: ({ from, to }) => [
      "Mission update",
      `${partyName(from)} describes what changes, at the mission’s own URL. ${partyName(to)} has the person accept it and adds it to the log. The mission keeps its identifier.`,
      "8.4",
    ],
  },
  "mission-completion": {
    name: "mission completion",
    asks: "reports that its mission is complete",
    purpose: ({ from }) => [
      "Mission completion",
      `${partyName(from)} sums up what it did. Only the person completes the mission, which then ends for good.`,
      "8.5",
      "8.6",
    ],
  },
  permission: {
    name: "permission request",
    asks: "asks for the permission to do something that no resource governs",
    purpose: ({ from, to }) => [
      "Permission request",
      `${partyName(from)} names an action and the mission that it is part of (mission_s256). ${partyName(to)} checks that the mission is active and this agent’s, and decides by it or asks the person. The agent does nothing before the answer.`,
      "7.7",
      "8.8",
    ],
  },
  audit: {
    name: "audit record",
    asks: "records what it did",
    purpose: ({ from, to }) => [
      "Audit record",
      `${partyName(from)} reports an action and its result. The request is signed, so ${partyName(to)} keeps a record in the mission’s log that the agent cannot deny.`,
      "7.8",
      "8.3",
    ],
  },
};

/** The answer of a permission, from its body; undefined without one. */
export function permissionIn({ requestType, response }: Message) {
  if (requestType !== "permission") return undefined;
  const [, permission] = /"permission"\s*:\s*"(granted|denied)"/.exec(response.body ?? "") ?? [];
  const [, reason] = /"reason"\s*:\s*"([^"\\]{1,200})"/.exec(response.body ?? "") ?? [];
  return permission === undefined ? undefined : { isGranted: permission === "granted", reason };
}

/** The answer in the sentence of a message about a mission; undefined for another message. */
export function missionAnswer(message: Message): string | undefined {
  const permission = permissionIn(message);
  if (permission?.isGranted === true) return "Yes. It is within your mission.";
  if (permission !== undefined)
    return `No.${permission.reason === undefined ? "" : ` Because ${permission.reason}.`}`;
  return message.requestType === "audit" ? "Recorded in the log of your mission." : undefined;
}
