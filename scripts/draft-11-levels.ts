import { createAddressMap } from "aauth";
import { visibleText } from "agent-kit/service";
import { DRAFT_11_SERVERS, identifierOf } from "topology";
import type { Level, LevelsConfig, VisitorLevels } from "./levels.ts";
import { startDraft11Visitor } from "./visitor.ts";

/**
 * Each level has a separate address, because a route takes the tokens of one level.
 */
export async function draft11Levels(config: LevelsConfig): Promise<VisitorLevels> {
  const { resource, personServer, visitorPort: port, authorized } = config;
  const identifier = identifierOf("supply-chain-agent");
  const endpoints = {
    [identifier]: resource,
    ...Object.fromEntries(Object.values(DRAFT_11_SERVERS).map((name) => [identifierOf(name), personServer])),
  };
  const visitor = await startDraft11Visitor({ endpoints, port });
  const { browserUrl } = createAddressMap(endpoints);
  const onInteraction = ({ page }: { page: string }) =>
    console.log(visibleText(`Open ${browserUrl(page)}, sign in, and press Allow.`));
  const level = (name: string, path: string): Level => ({
    name,
    url: `${identifier}/catalogue${path}`,
    raise: (observer) => visitor.agent.fetchFor({ observer, onInteraction }),
    read: visitor.agent.fetchFor({ onInteraction }),
  });
  const levels: Level[] = [
    level("agent-token", ""),
    level("person-token", "/person-token"),
    { ...level("auth-token", "/auth-token"), most: authorized },
  ];
  return { ...visitor, levels };
}
