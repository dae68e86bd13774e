import { type Progress, progressSchema, startReplySchema } from "backend-api";
import { User } from "../contract/auth-server/journey.ts";
import { userAccessToken } from "./sign-in.ts";
import type { TestStack } from "./start-stack.ts";

const POLL_MS = 50;

/** The demo's user signs in at either auth server, consents, and is redirected to the agent. */
export async function allow(consentUrl: string): Promise<void> {
  const user = new User();
  const answer = await user.decide(await user.openSignedIn(consentUrl), "accept");
  await fetch(answer.headers.get("location")!, { redirect: "manual" });
}

/**
 * A whole user-delegated run by HTTP alone: start, sign-in, "Allow", callback, and progress until
 * the end. Needs the localhost look-up.
 *
 * @throws Error if no consent is requested
 */
export async function runWithConsent({ urls }: Pick<TestStack, "urls">, prompt: string): Promise<Progress> {
  const authorization = `Bearer ${await userAccessToken(urls)}`;
  const headers = { authorization, "content-type": "application/json" };
  const started = await fetch(`${urls.backend}/optimization/start`, {
    method: "POST",
    headers,
    body: JSON.stringify({ custom_prompt: prompt }),
  });
  const reply = startReplySchema.parse(await started.json());
  if (!("consent_required" in reply)) throw new Error(`no consent was asked for: ${JSON.stringify(reply)}`);

  await allow(reply.consent_url);

  for (;;) {
    const progress = await fetch(`${urls.backend}/optimization/progress/${reply.request_id}`, { headers });
    const state = progressSchema.parse(await progress.json());
    if (state.status === "completed" || state.status === "failed") return state;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
