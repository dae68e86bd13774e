import { setTimeout as pause } from "node:timers/promises";
import { type Progress, progressSchema, type Results, resultsSchema, startReplySchema } from "backend-api";
import { WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { urls } from "./compose-stack.ts";

const POLL_MS = 100;

/** A started run of the demo's user, which may still be in progress. */
export interface RunUnderWay {
  progress(): Promise<Progress>;
  /** Resolves when it has ended, or requires the user's consent. */
  ended(): Promise<Progress>;
  /** Results of a completed run. */
  results(): Promise<Results>;
}

/** Starts a run through both agents. */
export async function startRun(): Promise<RunUnderWay> {
  const authorization = `Bearer ${await userAccessToken(urls)}`;
  const started = await fetch(`${urls.backend}/optimization/start`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(WITH_MARKET_ANALYSIS),
  });
  const reply: unknown = await started.json();
  if (!started.ok) throw new Error(`the run did not start: ${started.status} ${JSON.stringify(reply)}`);
  const { request_id } = startReplySchema.parse(reply);
  const get = async (what: string) => {
    const reply = await fetch(`${urls.backend}/optimization/${what}/${request_id}`, {
      headers: { authorization },
    });
    return reply.json();
  };
  const progress = async () => progressSchema.parse(await get("progress"));
  return {
    progress,
    results: async () => resultsSchema.parse(await get("results")),
    async ended() {
      for (;;) {
        const state = await progress();
        if (state.status !== "pending" && state.status !== "running") return state;
        await pause(POLL_MS);
      }
    },
  };
}

/**
 * Final status of a run after signing in again, because a restarted auth server may know no
 * session.
 */
export async function nextRun(): Promise<string> {
  try {
    return (await (await startRun()).ended()).status;
  } catch (error) {
    return (error as Error).message;
  }
}
