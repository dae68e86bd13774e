import type { StackUrls } from "./stack.ts";

const ANSWER_LIMIT_MS = 2000;

/**
 * Whether a demo with these URLs is up, whoever started it: its page names its backend, and strangers on the same port do not. Does not
 * recognise one without the page.
 */
export async function isAlreadyRunning({ ui, backend }: StackUrls): Promise<boolean> {
  try {
    const reply = await fetch(`${ui}/config.json`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    const { backendUrl } = (await reply.json()) as { backendUrl?: unknown };
    return backendUrl === backend;
  } catch {
    return false;
  }
}

/** What to do about it. */
export function alreadyRunningText({ ui }: StackUrls): string {
  return `the demo is already running: open ${ui}, or end it before you start another`;
}
