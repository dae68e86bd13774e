import { AAuthError } from "aauth";
import type { Agent, AgentEvent } from "aauth/agent";
import { visibleText } from "agent-kit/service";
import type { Visitor } from "./visitor.ts";

export interface LevelsOptions {
  /** Identity of the supply-chain agent. */
  readonly resource: string;
  readonly visitor: Visitor;
  /** Scope of the catalogue's highest limit, requested beforehand. */
  readonly scope: string;
  /** Requests at the highest level; its limit is not used up. */
  readonly authorizedRequests: number;
  readonly print: (line: string) => void;
}

/** Requests after which a level has no limit. */
const MAX_REQUESTS = 2_000;
/** From the gateway's rules: the catalogue itself is open to every caller that signs. */
const FORBIDDEN = 403;
const REFUSED_BY_POLICY =
  `The gateway's policy refuses the visitor (status ${FORBIDDEN}): the demo runs with --policy, whose rules let in its own agents only.\n` +
  "This command needs a demo without --policy, in any other mode: npm run demo";

const UNAUTHORIZED = 401;
const OTHER_PROFILE =
  "The demo speaks draft -11, this command February 2026: npm run levels -- --profile draft-11";

/** A response other than 200 or 429. */
export class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

/**
 * Reads the catalogue by one key at each level until a 429, and lets the agent raise itself at each
 * step (SPEC 4.5). Then the same again for a scope that is known beforehand (SPEC 9.2.5).
 */
export async function showLevels(options: LevelsOptions): Promise<void> {
  const { resource, visitor, scope } = options;
  const print = (line: string) => options.print(visibleText(line));
  const url = `${resource}/catalogue`;
  const read = (agent: Agent, most: number) => readRepeatedly(agent.fetchFor(), url, most);
  print(`GET ${url}, by ${visitor.id}`);
  print("");

  const anonymous = visitor.agent({ signatureScheme: "hwk", mayIdentify: false });
  await untilFirstLimit(anonymous);
  print(row("", await raised(visitor.agent({ signatureScheme: "hwk", authServers: [] }))));

  // An agent that trusts no auth server cannot be raised any higher.
  await untilLimited("identified", visitor.agent({ signatureScheme: "jwks", authServers: [] }));
  const able = visitor.agent({ signatureScheme: "jwks" });
  print(row("", await raised(able)));

  const { count, last } = await read(able, options.authorizedRequests);
  print(
    row(
      "authorized",
      last.status === 200 ? `${count} more answered` : `${count} answered, then ${refusalText(last)}`,
    ),
  );
  print("");
  const steps = await stepsOf((observer) =>
    visitor.agent({ signatureScheme: "hwk", observer }).fetchFor({ scope })(url),
  );
  print(row("scope known", steps));

  /**
   * Only the gateway's rules refuse a caller by key alone; a request with an identity then shows
   * whether they did.
   */
  async function untilFirstLimit(agent: Agent): Promise<void> {
    try {
      await untilLimited("pseudonymous", agent);
    } catch (error) {
      if (!(error instanceof AAuthError && error.code === "identity_required")) throw error;
      await read(visitor.agent({ signatureScheme: "jwks", authServers: [] }), 1);
      throw error;
    }
  }

  async function untilLimited(level: string, agent: Agent): Promise<void> {
    const { count, last } = await read(agent, MAX_REQUESTS);
    print(row(level, `${count} answered, then ${refusalText(last)}`));
  }

  async function raised(agent: Agent): Promise<string> {
    return stepsOf((observer) => agent.fetchFor({ observer })(url));
  }
}

/** Reads until the limit, at most `most` times. */
export async function readRepeatedly(
  fetch: typeof globalThis.fetch,
  url: string,
  most = MAX_REQUESTS,
): Promise<{ count: number; last: Response }> {
  for (let count = 0; ; count++) {
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status === 429) return { count, last: response };
    if (response.status === FORBIDDEN) throw new UnexpectedAnswer(REFUSED_BY_POLICY);
    const isDraft11 = response.headers.has("aauth-requirement");
    if (response.status === UNAUTHORIZED && isDraft11) throw new UnexpectedAnswer(OTHER_PROFILE);
    if (response.status !== 200) {
      throw new UnexpectedAnswer(`${url} answered with status ${response.status} instead of 200 or 429`);
    }
    if (count + 1 === most) return { count: most, last: response };
  }
}

/** Requests of one call, with their statuses. */
export async function stepsOf(
  call: (observer: (event: AgentEvent) => void) => Promise<Response>,
): Promise<string> {
  const steps: string[] = [];
  let scheme = "";
  const response = await call((event) => {
    if (event.type === "request_signed") scheme = event.scheme;
    if (event.type !== "response_received") return;
    const what = event.purpose === "token" ? "auth server" : new URL(event.url).pathname;
    steps.push(`${event.method} ${what} ${scheme} ${event.status}`);
  });
  await response.body?.cancel();
  return steps.join(" -> ");
}

export function refusalText({ status, headers }: Response): string {
  const agentAuth = headers.get("agent-auth");
  const shown = agentAuth?.replace(/resource_token="[^"]*"/, 'resource_token="…"');
  const wait = `${status}, Retry-After: ${headers.get("retry-after")}`;
  return shown === undefined ? wait : `${wait}, Agent-Auth: ${shown}`;
}

export function row(name: string, text: string): string {
  return `${name.padEnd(14)}${text}`;
}
