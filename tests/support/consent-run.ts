import { type Progress, progressSchema, startReplySchema } from "backend-api";
import { createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { signIn } from "../../services/auth-server/test/support/sign-in.ts";
import { DEMO_USER, userAccessToken } from "./sign-in.ts";
import type { TestStack } from "./start-stack.ts";

const POLL_MS = 50;

/**
 * A whole user-delegated run by HTTP alone: start, sign-in, "Allow", callback, and progress until the end. Needs the localhost look-up.
 *
 * @throws Error when no consent is asked for
 */
export async function runWithConsent({ urls }: TestStack, prompt: string): Promise<Progress> {
  const authorization = `Bearer ${await userAccessToken(urls)}`;
  const headers = { authorization, "content-type": "application/json" };
  const started = await fetch(`${urls.backend}/optimization/start`, {
    method: "POST",
    headers,
    body: JSON.stringify({ custom_prompt: prompt }),
  });
  const reply = startReplySchema.parse(await started.json());
  if (!("consent_required" in reply)) throw new Error(`no consent was asked for: ${JSON.stringify(reply)}`);

  const browser = createBrowser();
  const shown = await signIn(browser, reply.consent_url, DEMO_USER);
  const { action, fields } = readForm(await shown.response.text());
  const answer = await browser.post(new URL(action, shown.url).href, { ...fields, accept: "yes" });
  await fetch(answer.headers.get("location")!, { redirect: "manual" });

  for (;;) {
    const progress = await fetch(`${urls.backend}/optimization/progress/${reply.request_id}`, { headers });
    const state = progressSchema.parse(await progress.json());
    if (state.status === "completed" || state.status === "failed") return state;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
