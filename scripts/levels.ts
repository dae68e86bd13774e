/**
 * `npm run demo -- levels`: shows on the running demo the limits for callers of each level, and how
 * a caller raises its level. Sends about 180 requests as a separate agent. In draft -11 a person
 * has to allow that agent once.
 *
 * @module
 */

import type { AAuthEvent } from "aauth";
import { AAuthError } from "aauth";
import { installLocalhostLookup, visibleLines, visibleText } from "agent-kit/service";
import {
  type Config,
  ConfigError,
  HelpRequested,
  integerSetting,
  loadConfig,
  type ProfileName,
  portSetting,
  profileSettings,
  setting,
  urlSetting,
} from "agent-kit/settings";
import { agentUrl, PORTS } from "topology";
import { draft11Levels } from "./draft-11-levels.ts";
import { februaryLevels } from "./february-2026/levels.ts";
import { portOfDemo } from "./port-of-demo.ts";

const settings = {
  resource: setting({
    env: "SUPPLY_CHAIN_AGENT_ID_URL",
    flag: "resource",
    schema: urlSetting(agentUrl("supply-chain-agent", portOfDemo("gateway", process.env))),
    description: "Identity of the supply-chain agent; with draft-11: where it is",
  }),
  authServer: setting({
    env: "KEYCLOAK_URL",
    flag: "auth-server",
    schema: urlSetting(`http://localhost:${portOfDemo("authServer", process.env)}`),
    description: "Auth server that the visitor trusts",
  }),
  personServer: setting({
    env: "PERSON_SERVER_URL",
    flag: "person-server",
    schema: urlSetting(`http://localhost:${portOfDemo("personServer", process.env)}`),
    description: "With draft-11: where the person server is",
  }),
  authorized: setting({
    flag: "authorized",
    schema: integerSetting(50, { minimum: 1, maximum: 2000 }),
    description: "Requests to send at the highest level",
  }),
  profile: setting({ ...profileSettings.profile, flag: "profile" }),
  visitorPort: setting({
    env: "VISITOR_PORT",
    flag: "visitor-port",
    schema: portSetting(PORTS.visitor.port),
    description: "With draft-11: port of the visitor's documents, which the demo's services know",
  }),
};

/** Values of the command's settings. */
export type LevelsConfig = Config<typeof settings>;

/** The levels of a profile, and the visitor that proves them. */
const LEVELS: Readonly<Record<ProfileName, (config: LevelsConfig) => Promise<VisitorLevels>>> = {
  "february-2026": februaryLevels,
  "draft-11": draft11Levels,
};

/** Requests after which a level has no limit. */
const MAX_REQUESTS = 2_000;
const NEEDS_NO_POLICY = "This command needs a demo without --policy, in any other mode: npm run demo";

/** A visitor, and how it proves each level. */
export interface VisitorLevels {
  readonly id: string;
  readonly levels: readonly Level[];
  stop(): Promise<void>;
}

/** How a visitor proves one level. */
export interface Level {
  readonly name: string;
  readonly url: string;
  /** Raises the caller to the level; its steps are shown. */
  raise(observer: (event: AAuthEvent) => void): typeof fetch;
  /** Reads at the level. Absent: one request is all. */
  readonly read?: typeof fetch;
  /** Requests to send at most. Default {@link MAX_REQUESTS} */
  readonly most?: number;
}

/** An answer other than 200 or 429. */
class UnexpectedAnswer extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const argv = process.argv.slice(2);
    const config = loadConfig({ service: "levels", settings, env: process.env, argv });
    installLocalhostLookup();
    const { id, levels, stop } = await LEVELS[config.profile](config);
    try {
      console.log(visibleText(`GET ${config.resource}/catalogue, by ${id}`));
      for (const level of levels) await showLevel(level);
    } finally {
      await stop();
    }
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    console.error(visibleLines(reasonOf(error)));
    return error instanceof ConfigError ? 2 : 1;
  }
}

/** Shows the requests of one call, then reads until a 429. */
async function showLevel({ name, url, raise, read, most = MAX_REQUESTS }: Level): Promise<void> {
  const row = (label: string, text: string) => console.log(visibleText(`${label.padEnd(14)}${text}`));
  const steps: string[] = [];
  let scheme = "";
  const first = await raise((event) => {
    if (event.type === "request_signed") scheme = event.scheme;
    if (event.type !== "response_received") return;
    const what = event.purpose === "token" ? "auth server" : new URL(event.url).pathname;
    steps.push(`${event.method} ${what} ${scheme} ${event.status}`);
  })(url);
  await first.body?.cancel();
  if (first.status === 404) return row(name, `not in this mode: ${new URL(url).pathname} is not there`);
  refuseUnexpected(first);
  row(read === undefined ? name : "", steps.join(" -> "));
  if (read === undefined) return;
  for (let count = 0; ; count++) {
    const answer = count === most ? undefined : await read(url);
    await answer?.body?.cancel();
    if (answer?.status === 200) continue;
    if (answer !== undefined) refuseUnexpected(answer);
    return row(name, `${count} more answered${answer === undefined ? "" : `, then ${refusalText(answer)}`}`);
  }
}

/** @throws UnexpectedAnswer for a status other than 200 and 429 */
function refuseUnexpected({ status, url }: Response): void {
  if (status === 200 || status === 429) return;
  // From the gateway's rules: the catalogue itself is open to every caller that signs.
  if (status === 403)
    throw new UnexpectedAnswer(
      `The gateway's policy refuses the visitor (status 403), because its rules let in the demo's own agents only.\n${NEEDS_NO_POLICY}`,
    );
  const hint = status === 401 ? ": if the demo has another --profile, name it here, too" : "";
  throw new UnexpectedAnswer(`${url} answered with status ${status} instead of 200 or 429${hint}`);
}

function refusalText({ status, headers }: Response): string {
  const agentAuth = headers.get("agent-auth");
  const shown = agentAuth?.replace(/resource_token="[^"]*"/, 'resource_token="…"');
  const wait = `${status}, Retry-After: ${headers.get("retry-after")}`;
  return shown === undefined ? wait : `${wait}, Agent-Auth: ${shown}`;
}

/** @throws what is not expected */
function reasonOf(error: unknown): string {
  const expected = [ConfigError, UnexpectedAnswer, AAuthError];
  if (error instanceof AAuthError && error.code === "identity_required")
    return `${error.message}\n${NEEDS_NO_POLICY}`;
  if (expected.some((type) => error instanceof type)) return (error as Error).message;
  const { code, syscall, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  if (syscall === "listen")
    return `${message}: does this command already run? The demo looks for the visitor there.`;
  if (code !== "ECONNREFUSED") throw error;
  return "Nothing listens there. Start the demo first: npm run demo. One with ports of its own is found by the same variables.";
}
