/** Missions of draft -11: their bytes and digests, requests about them, and answers. */

import { createHash } from "node:crypto";
import { base64url } from "./keys.ts";
import { accepts, refuses, type VectorFile } from "./messages.ts";

const s256Of = (bytes: string) => base64url(createHash("sha256").update(bytes).digest());

const BLOB = {
  agent: "aauth:planner@agent.example",
  approved_at: "2026-12-04T22:00:00Z",
  expires_at: "2026-12-05T22:00:00Z",
  description: "Order **laptops**.\n\nBudget: 20000 USD",
  approved_tools: [{ name: "optimize", description: "Reads the stock." }],
  approved_resources: ["https://resource.example"],
};
const BYTES = JSON.stringify(BLOB);
/** The same values in other bytes have another digest. */
const SPACED = JSON.stringify(BLOB, null, 1);
const approval = (bytes: string, s256 = s256Of(bytes)) => ({ s256, mission: base64url(Buffer.from(bytes)) });
const answer = (members: unknown, status = 200) => ({ status, members });

const missionApproval: VectorFile = {
  about:
    "The answer to a proposal: the mission and its id, or the refusal of an answer that proves no approval.",
  operation: "mission-approval",
  cases: [
    ...[BYTES, SPACED].map((bytes) =>
      accepts(`reads ${bytes.length} bytes`, "8.2.1", answer(approval(bytes)), {
        id: s256Of(bytes),
        mission: BLOB,
      }),
    ),
    ...(
      [
        ["another digest", approval(BYTES, s256Of(SPACED)), "8.2.1"],
        ["a padded digest", approval(BYTES, `${s256Of(BYTES)}=`), "8.2.1"],
        ["no digest", { mission: approval(BYTES).mission }, "8.2"],
        ["no mission", { s256: s256Of(BYTES) }, "8.2"],
        ["bytes that are no JSON", approval("goal"), "8.2"],
        ["a list", approval("[]"), "8.2"],
      ] as const
    ).map(([title, members, section]) =>
      refuses(`refuses ${title}`, section, answer(members), "token_request_failed"),
    ),
    refuses("refuses an empty answer", "8.2", answer(undefined), "token_request_failed"),
  ],
};

const permissionAnswer: VectorFile = {
  about: "The answer to a permission request. Anything but `granted` is a denial.",
  operation: "permission-answer",
  cases: [
    accepts("granted", "7.7", answer({ permission: "granted" }), { isGranted: true }),
    accepts("denied, with a reason", "7.7", answer({ permission: "denied", reason: "too much" }), {
      isGranted: false,
      reason: "too much",
    }),
    ...[{ permission: "Granted" }, { permission: true }, {}].map((members) =>
      accepts(`${JSON.stringify(members)} is a denial`, "7.7", answer(members), { isGranted: false }),
    ),
    refuses(
      "an ended mission",
      "8.8",
      answer({ error: "mission_terminated", mission_status: "terminated" }, 403),
      "token_request_refused",
    ),
    refuses("an absent mission", "8.7", answer({ error: "mission_not_found" }, 404), "token_request_refused"),
  ],
};

const MISSION = s256Of(BYTES);
const ACTION = { action: "place_order", description: "Order 2 laptops.", parameters: { total: 3000 } };
const DONE = { ...ACTION, result: { order_id: "o-1" } };

const missionRequests: VectorFile = {
  about: "A request about a mission: the endpoint, what is below its address, and the members of the body.",
  operation: "mission-request",
  cases: [
    accepts(
      "a proposal",
      "8.1",
      { request: "proposal", description: BLOB.description, resources: BLOB.approved_resources },
      {
        endpoint: "mission_endpoint",
        body: { description: BLOB.description, resources: BLOB.approved_resources },
      },
    ),
    accepts(
      "an update",
      "8.4",
      { request: "update", mission: MISSION, description: "Tablets, too." },
      {
        endpoint: "mission_endpoint",
        below: MISSION,
        body: { action: "update", description: "Tablets, too." },
      },
    ),
    accepts(
      "a completion",
      "8.5",
      { request: "completion", mission: MISSION, summary: "Done." },
      { endpoint: "mission_endpoint", below: MISSION, body: { action: "completion", summary: "Done." } },
    ),
    accepts(
      "a permission",
      "7.7",
      { request: "permission", mission: MISSION, ...ACTION },
      { endpoint: "permission_endpoint", body: { ...ACTION, mission_s256: MISSION } },
    ),
    accepts(
      "a permission outside of a mission",
      "7.7",
      { request: "permission", ...ACTION },
      { endpoint: "permission_endpoint", body: ACTION },
    ),
    accepts(
      "an audit record",
      "7.8",
      { request: "audit", mission: MISSION, ...DONE },
      { endpoint: "audit_endpoint", body: { ...DONE, mission_s256: MISSION } },
    ),
  ],
};

export const draft11Missions: Readonly<Record<string, VectorFile>> = {
  "draft-11/mission-approval.json": missionApproval,
  "draft-11/permission-answer.json": permissionAnswer,
  "draft-11/mission-request.json": missionRequests,
};
