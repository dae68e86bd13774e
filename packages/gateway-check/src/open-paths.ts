/** What must be readable before a caller can sign, with the documents of February's profile: own documents, cards, key sets, health. */
export const OPEN_PATHS: readonly string[] = [
  "/.well-known/aauth-agent",
  "/.well-known/aauth-resource",
  "/.well-known/agent-card.json",
  "/.well-known/agent.json",
  "/jwks.json",
  "/health",
];
/** The same with the documents of draft -11. */
const DRAFT_11_OPEN_PATHS: readonly string[] = OPEN_PATHS.map((path) =>
  path.startsWith("/.well-known/aauth-") ? `${path}.json` : path,
);
/** Methods that read. */
export const OPEN_METHODS: readonly string[] = ["GET", "HEAD"];

/**
 * True when a request is let through without looking at its signature. Exact paths and reading methods only: a prefix or a suffix
 * would open every path added below it (the February-2026 references, G11).
 */
export function isOpen(method: string, target: string, profiles: readonly string[]): boolean {
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  return (
    OPEN_METHODS.includes(method) &&
    profiles.some((name) => (name === "draft-11" ? DRAFT_11_OPEN_PATHS : OPEN_PATHS).includes(path))
  );
}
