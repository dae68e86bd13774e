/**
 * B5: concurrent runs of many users. The former backend kept the last challenge in one place, so
 * that concurrent users swapped challenges and tokens. Here many users each start a run at the same
 * time, with consent, and each must get their own result.
 */

import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { progressSchema, startReplySchema } from "backend-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { createBrowser, readForm } from "../../services/auth-server/test/support/browser.ts";
import { signIn as signInAtAuthServer } from "../../services/auth-server/test/support/sign-in.ts";
import { readToken } from "../support/foreign-agent.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const USERS = process.env.LONG_TESTS ? 200 : 30;
/**
 * Persons do not sign in at the same moment, and so many requests at once would only wait for each
 * other.
 */
const SIGN_INS_AT_ONCE = 20;
const LIMIT_MS = 180_000;

interface User {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

const users: readonly User[] = Array.from({ length: USERS }, (_, index) => ({
  id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
  username: `user-${index}`,
  password: `password-${index}`,
}));

let stack: TestStack;

beforeAll(async () => {
  const realm = JSON.parse(await readFile(`${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`, "utf8"));
  realm.users = users.map(({ id, username, password }) => ({
    id,
    username,
    enabled: true,
    email: `${username}@example.com`,
    credentials: [{ type: "password", value: password, temporary: false }],
  }));
  const realmFile = join(await mkdtemp(join(tmpdir(), "realm-")), "realm.json");
  await writeFile(realmFile, JSON.stringify(realm));
  stack = await startStack({
    modes: { authorizationScheme: "user-delegated", showTokens: true },
    env: { "auth-server": { AUTH_SERVER_REALM_FILE: realmFile } },
  });
});
afterAll(() => stack?.stop());

/** A run of one user, as seen from outside. */
interface OwnRun {
  readonly user: User;
  readonly token: string;
  readonly id: string;
  readonly consentUrl: string;
}

test(
  "B5: many users at once, each with consent, never see each other's challenge, token or result",
  async () => {
    const tokens = await inTurns(users, (user) => userAccessToken(stack.urls, user));
    // One run before all others, so that the parties learn each other's keys.
    const early = await start(users[0]!, tokens[0]!);
    await fetch(await consent(early), { redirect: "manual" });
    await result(early);

    // All at once from here, so that challenges of all runs overlap in the backend.
    const runs = await Promise.all(users.map((user, index) => start(user, tokens[index]!)));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(USERS);
    expect(new Set(runs.map(({ consentUrl }) => requestTokenOf(consentUrl))).size).toBe(USERS);

    // In the opposite order, so that no answer comes while its question is the latest.
    const callbacks = await inTurns([...runs].reverse(), consent);
    await Promise.all(callbacks.map((callback) => fetch(callback, { redirect: "manual" })));
    const results = await Promise.all(runs.map(result));

    for (const [index, { report, progress }] of results.entries()) {
      const { id, username } = users[index]!;
      expect({ username, status: progress.status }).toEqual({ username, status: "completed" });
      // Two hops later, the market-analysis agent states the user it worked for.
      expect(users.filter((user) => report.includes(user.id)).map((user) => user.id)).toEqual([id]);
    }

    // One auth token per user, in that user's name.
    const subjects = [
      ...stack.log().matchAll(/Received auth_token from auth server \(code exchange\).*?token=(\S+)/g),
    ];
    const named = new Set(subjects.map((match) => readToken(match[1]!).claims.sub));
    expect([...named].sort()).toEqual(users.map(({ id }) => id).sort());
  },
  LIMIT_MS,
);

async function start(user: User, token: string): Promise<OwnRun> {
  const started = await fetch(`${stack.urls.backend}/optimization/start`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ custom_prompt: "optimize laptop supply chain and perform market analysis" }),
  });
  const reply = startReplySchema.parse(await started.json());
  if (!("consent_required" in reply)) throw new Error(`no consent was asked for: ${JSON.stringify(reply)}`);
  return { user, token, id: reply.request_id, consentUrl: reply.consent_url };
}

/** Signs in and consents; returns the address that the browser is redirected to. */
async function consent({ user, consentUrl }: OwnRun): Promise<string> {
  const browser = createBrowser();
  const shown = await signInAtAuthServer(browser, consentUrl, user);
  const { action, fields } = readForm(await shown.response.text());
  const answer = await browser.post(new URL(action, shown.url).href, { ...fields, accept: "yes" });
  return answer.headers.get("location")!;
}

async function result({ id, token }: OwnRun) {
  const headers = { authorization: `Bearer ${token}` };
  const get = (path: string) => fetch(`${stack.urls.backend}/optimization/${path}/${id}`, { headers });
  for (;;) {
    const progress = progressSchema.parse(await (await get("progress")).json());
    if (progress.status === "failed") throw new Error(`the run failed: ${JSON.stringify(progress.failure)}`);
    if (progress.status === "completed") {
      // Everything that this user may see: the result, and the activities with the agents' reports.
      const activities = await fetch(`${stack.urls.backend}/agents/activities`, { headers });
      return { progress, report: `${await (await get("results")).text()}${await activities.text()}` };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function requestTokenOf(consentUrl: string): string | null {
  return new URL(consentUrl).searchParams.get("request_token");
}

/** In the given order, with limited concurrency. */
async function inTurns<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: SIGN_INS_AT_ONCE }, async () => {
      for (let index = next++; index < items.length; index = next++) done[index] = await work(items[index]!);
    }),
  );
  return done;
}
