import { type AAuthEvent, generateSigningKey } from "aauth";
import type { Agent } from "aauth/agent";
import { issuePersonToken } from "aauth/server";
import { expect, test } from "vitest";
import { endlessBody } from "../../../packages/agent-kit/test/service/support/endless-body.ts";
import type { AgentTokenError } from "../src/agent-token-request.ts";
import { askParent } from "../src/ask-parent.ts";
import { describeDraft11Event } from "../src/describe-event.ts";

const PROVIDER = "https://backend.localhost";
const RESOURCE = "https://supply-chain-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const key = await generateSigningKey({ kid: "scout" });
const { token, claims } = await issuePersonToken({
  key,
  issuer: PERSON_SERVER,
  audience: RESOURCE,
  subject: "someone",
  confirmationKey: key.publicJwk,
});
const GRANT = {
  token,
  server: PERSON_SERVER,
  resource: RESOURCE,
  scope: "",
  subject: "someone",
  thumbprint: key.thumbprint,
  expiresAt: claims.exp,
  renewAt: claims.exp - 300,
};

async function asked(answer: () => Response, more: object = {}) {
  const events: AAuthEvent[] = [];
  const sent: unknown[] = [];
  const channel = {
    fetchFor: () => async (url: string, init: RequestInit) => {
      sent.push([url, JSON.parse(String(init.body))]);
      return answer();
    },
  } as unknown as Agent;
  const ask = askParent({ channel, provider: PROVIDER, thumbprint: key.thumbprint });
  const input = {
    subagentToken: "own",
    resource: RESOURCE,
    observer: (event: AAuthEvent) => void events.push(event),
  };
  const result = await ask({ ...input, ...more }).catch((error: AgentTokenError) => error);
  return { result, events, sent };
}

test("the sub-agent gets its parent's token, and each step is shown", async () => {
  const { result, events, sent } = await asked(() => Response.json(GRANT));
  expect(result).toEqual(GRANT);
  // The agent token signs the request and is not in the body.
  expect(sent).toEqual([[`${PROVIDER}/delegate/grant`, { resource: RESOURCE }]]);
  expect(events.map(describeDraft11Event)).toEqual([
    { action: "person_token_requested", details: `Sent to the parent at ${PROVIDER}` },
    { action: "person_token_received", details: `${claims.jti} of ${PERSON_SERVER} for ${RESOURCE}` },
  ]);
  const withResource = { resourceToken: "r", presentedToken: "p" };
  const { events: steps, sent: body } = await asked(() => Response.json(GRANT), withResource);
  expect(body[0]).toEqual([
    `${PROVIDER}/delegate/grant`,
    { resource: RESOURCE, resource_token: "r", presented_token: "p" },
  ]);
  expect(steps.map((event) => describeDraft11Event(event)?.action)).toEqual([
    "token_requested",
    "token_received",
  ]);
});

test.each([
  [401, "person-token", "Status 401: the caller must present a person-token"],
  [401, "auth-token", "Status 401: the caller must present an auth-token"],
  [202, "interaction", "Status 202: interaction"],
])("a challenge with status %i and %s is shown with its requirement", (status, level, details) => {
  const event = { type: "challenge_received", url: RESOURCE, status, level } as const;
  expect(describeDraft11Event(event)).toEqual({ action: "challenge_received", details });
});

test.each<[string, () => Response, string]>([
  [
    "a refusal",
    () => Response.json({ error: "delegate_ended", error_description: "x" }, { status: 403 }),
    "delegate_ended",
  ],
  ["an agent token that is not accepted", () => new Response("no", { status: 401 }), "agent_token_refused"],
  ["no JSON", () => new Response("<html>", { status: 200 }), "no_answer"],
  ["another status", () => new Response("", { status: 500 }), "no_answer"],
  ["a grant without a token", () => Response.json({ ...GRANT, token: undefined }), "no_answer"],
  ["a token for another key", () => Response.json({ ...GRANT, thumbprint: "x" }), "no_answer"],
  ["a body without end", () => new Response(endlessBody().body), "answer_too_large"],
])("%s has a code", async (_name, answer, code) => {
  expect((await asked(answer)).result).toMatchObject({ code });
});
