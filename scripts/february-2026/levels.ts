import { REALM } from "../demo/stack.ts";
import type { Level, LevelsConfig, VisitorLevels } from "../levels.ts";
import { startVisitor } from "./visitor.ts";

/** Scope of the catalogue's highest limit. */
const SCOPE = "supply-chain:optimize";

/** Levels by a key, an identity and an auth token. */
export async function februaryLevels({
  resource,
  authServer,
  authorized,
}: LevelsConfig): Promise<VisitorLevels> {
  const visitor = await startVisitor([`${authServer}/realms/${REALM}`]);
  const url = `${resource}/catalogue`;
  // An agent that trusts no auth server cannot be raised above its identity.
  const identified = { authServers: [] };
  const anonymous = visitor.agent({ signatureScheme: "hwk", mayIdentify: false }).fetchFor();
  const levels: Level[] = [
    { name: "pseudonymous", url, raise: () => anonymous, read: anonymous },
    {
      name: "identified",
      url,
      raise: (observer) => visitor.agent({ signatureScheme: "hwk", observer, ...identified }).fetchFor(),
      read: visitor.agent(identified).fetchFor(),
    },
    {
      name: "authorized",
      url,
      raise: (observer) => visitor.agent({ observer }).fetchFor(),
      read: visitor.agent({}).fetchFor(),
      most: authorized,
    },
    {
      name: "scope known",
      url,
      raise: (observer) => visitor.agent({ signatureScheme: "hwk", observer }).fetchFor({ scope: SCOPE }),
    },
  ];
  return { ...visitor, levels };
}
