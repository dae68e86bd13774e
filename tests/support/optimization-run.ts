import { setTimeout as pause } from "node:timers/promises";
import { type Progress, progressSchema, type Results, resultsSchema, startReplySchema } from "backend-api";
import { userAccessToken } from "./sign-in.ts";
import type { TestStack } from "./start-stack.ts";

const POLL_MS = 100;

export const WITH_MARKET_ANALYSIS = {
  custom_prompt: "optimize laptop supply chain and perform market analysis",
};

/** A signed-in user of the backend's API, as the web page is one. */
export interface ApiUser {
  get(path: string): Promise<Response>;
  /** Starts a run and waits until it has ended, or wants the user's consent. */
  run(request?: object): Promise<Progress>;
  report(progress: Progress): Promise<Results>;
}

export async function signIn(stack: Pick<TestStack, "urls">, token?: string): Promise<ApiUser> {
  const authorization = `Bearer ${token ?? (await userAccessToken(stack.urls))}`;
  const get = (path: string) => fetch(`${stack.urls.backend}${path}`, { headers: { authorization } });
  return {
    get,
    async run(request = WITH_MARKET_ANALYSIS) {
      const started = await fetch(`${stack.urls.backend}/optimization/start`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      const reply: unknown = await started.json();
      if (!started.ok) throw new Error(`the run did not start: ${started.status} ${JSON.stringify(reply)}`);
      const { request_id } = startReplySchema.parse(reply);
      for (;;) {
        const state = await get(`/optimization/progress/${request_id}`);
        const progress = progressSchema.parse(await state.json());
        if (progress.status !== "pending" && progress.status !== "running") return progress;
        await pause(POLL_MS);
      }
    },
    async report({ request_id }) {
      return resultsSchema.parse(await (await get(`/optimization/results/${request_id}`)).json());
    },
  };
}

const NEW_KEYS_LIMIT_MS = 15_000;
const SIGN_IN_PAUSE_MS = 500;

/**
 * Signs in at an auth server that was started again. The backend looks for new keys once per 2 s,
 * and until then it knows only the old one.
 */
export async function signInAgain(stack: TestStack): Promise<ApiUser> {
  const signal = AbortSignal.timeout(NEW_KEYS_LIMIT_MS);
  for (;;) {
    const user = await signIn(stack);
    const reply = await user.get("/auth/me");
    if (reply.ok) return user;
    if (reply.status !== 401 || signal.aborted) throw new Error(`${reply.status} ${await reply.text()}`);
    await pause(SIGN_IN_PAUSE_MS);
  }
}

/** Stops a process from running without ending it: its sockets stay open and nothing answers. */
export async function whileSuspended<T>(stack: TestStack, name: string, work: () => Promise<T>): Promise<T> {
  const { pid } = stack.processes.find((running) => running.name === name)!;
  process.kill(pid!, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(pid!, "SIGCONT");
  }
}
