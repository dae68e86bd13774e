import type { AgentEvent } from "aauth/agent";
import { visibleText } from "agent-kit/service";
import { readRepeatedly, refusalText, row, stepsOf } from "./show-levels.ts";
import type { Draft11Visitor } from "./visitor.ts";

export interface Draft11LevelsOptions {
  /** Identity of the supply-chain agent. */
  readonly resource: string;
  readonly visitor: Draft11Visitor;
  /** Address that a browser opens for a URL of one of the parties. */
  readonly browserUrl: (url: string) => string;
  /** Requests at the highest level; its limit is not used up. */
  readonly authorizedRequests: number;
  readonly print: (line: string) => void;
}

const NOT_FOUND = 404;
/**
 * In draft -11 each level has a separate address, because a route takes the tokens of one level.
 */
const LEVELS = [
  ["agent-token", "/catalogue"],
  ["person-token", "/catalogue/person-token"],
  ["auth-token", "/catalogue/auth-token"],
] as const;

/**
 * Reads the catalogue with the token of each level until a 429; what the agent has to get for the
 * next level it gets by itself (draft -11, section 6). The first person token waits until a person
 * has allowed the visitor.
 */
export async function showDraft11Levels(options: Draft11LevelsOptions): Promise<void> {
  const { resource, visitor, browserUrl, authorizedRequests } = options;
  const print = (line: string) => options.print(visibleText(line));
  print(`GET ${resource}/catalogue, by ${visitor.id}`);
  print("");
  const fetchWith = (observer?: (event: AgentEvent) => void) =>
    visitor.agent.fetchFor({
      ...(observer && { observer }),
      onInteraction: ({ page }) => print(`Open ${browserUrl(page)}, sign in, and press Allow.`),
    });

  for (const [level, path] of LEVELS) {
    const url = resource + path;
    let status = 0;
    const steps = await stepsOf(async (observer) => {
      const response = await fetchWith(observer)(url);
      status = response.status;
      return response;
    });
    if (status === NOT_FOUND) {
      print(row(level, `not in this mode: ${path} is not there`));
      continue;
    }
    print(row("", steps));
    const most = level === "auth-token" ? authorizedRequests : undefined;
    const { count, last } = await readRepeatedly(fetchWith(), url, most);
    print(
      row(
        level,
        last.status === 200 ? `${count} more answered` : `${count} more answered, then ${refusalText(last)}`,
      ),
    );
  }
}
