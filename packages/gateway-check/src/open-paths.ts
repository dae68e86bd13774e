import type { ProfileName } from "agent-kit/settings";
import { CHECKED_PROFILES, knownProfiles } from "./profiles.ts";

/** Paths that are readable before a caller can sign, beside the documents of the profile. */
const OPEN_PATHS: readonly string[] = [
  "/.well-known/agent-card.json",
  "/.well-known/agent.json",
  "/jwks.json",
  "/health",
];
/** Kinds of parties behind a gateway: a resource there is an agent, too. */
const PUBLISHING_KINDS = ["agent", "resource"];
/** Methods that read. */
const OPEN_METHODS: readonly string[] = ["GET", "HEAD"];

/**
 * True when a request is let through without looking at its signature. Exact paths and reading
 * methods only: a prefix or a suffix would open every path added below it (the published
 * references, G11).
 */
export function isOpen(method: string, target: string, profiles: readonly string[]): boolean {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  return (
    OPEN_METHODS.includes(method) && // hole G11
    knownProfiles(profiles).some((name) => [...OPEN_PATHS, ...documentPaths(name)].includes(path))
  );
}

const documentPaths = (name: ProfileName): string[] =>
  PUBLISHING_KINDS.map((kind) => {
    const { kinds } = CHECKED_PROFILES[name].wire.documents;
    return `/.well-known/${kinds[kind]?.document.name}`;
  });
