import type { StackUrls } from "./stack.ts";

const ANSWER_LIMIT_MS = 2000;

/**
 * Reports a demo that is already running with these URLs, and the remedy; undefined if there is
 * none. Its page names its backend, and its backend identifies itself; other programs on these
 * ports do neither.
 */
export async function alreadyRunning({ ui, backend }: StackUrls): Promise<string | undefined> {
  if ((await memberOf(`${ui}/config.json`, "backendUrl")) === backend)
    return `the demo is already running: open ${ui}, or end it before you start another`;
  if ((await memberOf(`${backend}/health`, "service")) === "supply-chain-api")
    return "the demo is already running, without its page: end it before you start another";
  return undefined;
}

async function memberOf(url: string, name: string): Promise<unknown> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    return ((await reply.json()) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
