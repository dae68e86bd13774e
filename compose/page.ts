/**
 * The web page's server, which is the last one to start: once everything answers it prints where to
 * go, as `npm run demo` does.
 */

import { setTimeout as pause } from "node:timers/promises";
import { DEMO_MODES, DEMO_PORTS, type StackModes } from "../scripts/demo/stack.ts";
import { welcomeText } from "../scripts/demo/welcome.ts";
import "../ui/server/main.ts";

const POLL_MS = 200;
const ANSWER_LIMIT_MS = 2000;
const LIMIT_MS = 60_000;
/** The page itself, and the one container that nothing waits for. */
const LAST = ["http://127.0.0.1:3050/config.json", "http://127.0.0.1:9997/health"];

const { env } = process;
const modes = {
  ...DEMO_MODES,
  profile: env.AAUTH_PROFILE || DEMO_MODES.profile,
  mode: env.AAUTH_MODE || DEMO_MODES.mode,
  signatureScheme: env.AAUTH_SIGNATURE_SCHEME || DEMO_MODES.signatureScheme,
  authorizationScheme: env.AAUTH_AUTHORIZATION_SCHEME || DEMO_MODES.authorizationScheme,
  authServer: env.DEMO_AUTH_SERVER || "keycloak",
} as StackModes;

const deadline = performance.now() + LIMIT_MS;
for (const url of LAST) while (!(await answers(url)) && performance.now() < deadline) await pause(POLL_MS);
// Only `docker compose` knows how long the start took. Ctrl-C ends the stack unless it was started
// with --detach.
const text = welcomeText(DEMO_PORTS, modes, { readyAfterMs: 0 })
  .replace(/^Ready in \S+ s: /m, "Ready: ")
  .replace(/^Stop with Ctrl-C\.$/m, "Stop with Ctrl-C, or with `docker compose down`.");
console.log(text.trim());

async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    return ok;
  } catch {
    return false;
  }
}
