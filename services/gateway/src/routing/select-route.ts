import type { Listener, Route, RouteMatch } from "../configuration/document-schema.ts";
import { matchesHostname } from "./match-hostname.ts";

/** A route and the path of the match that led to it, for the span's name. */
export interface SelectedRoute {
  readonly route: Route;
  readonly matchedPath: string;
}

/**
 * The route for a request: the best host name first, then exact before prefix, the longer path, a match with a method. Paths are
 * compared byte for byte: nothing is decoded and no dot segment is resolved. A prefix matches by segment (`/a` takes `/a` and `/a/b`,
 * not `/ab`).
 */
export function selectRoute(
  listener: Listener,
  request: { readonly hostname: string; readonly method: string; readonly path: string },
): SelectedRoute | undefined {
  let best: { selected: SelectedRoute; rank: readonly number[] } | undefined;
  for (const route of listener.routes) {
    const hostRank = hostnameRank(route, request.hostname);
    if (hostRank === undefined) continue;
    for (const match of route.matches) {
      if (!matches(match, request)) continue;
      const path = "exact" in match.path ? match.path.exact : match.path.pathPrefix;
      const rank = [hostRank, "exact" in match.path ? 1 : 0, path.length, match.method === undefined ? 0 : 1];
      if (best === undefined || isHigher(rank, best.rank)) {
        best = { selected: { route, matchedPath: "exact" in match.path ? path : prefixText(path) }, rank };
      }
    }
  }
  return best?.selected;
}

function hostnameRank(route: Route, hostname: string): number | undefined {
  if (route.hostnames.length === 0) return 0;
  const ranks = route.hostnames
    .map((pattern) => matchesHostname(pattern, hostname))
    .filter((rank) => rank !== undefined);
  return ranks.length === 0 ? undefined : Math.max(...ranks);
}

function matches({ path, method }: RouteMatch, request: { method: string; path: string }): boolean {
  if (method !== undefined && method !== request.method) return false;
  if ("exact" in path) return request.path === path.exact;
  const prefix = withoutLastSlashes(path.pathPrefix);
  const candidate = withoutLastSlashes(request.path);
  return (
    candidate.startsWith(prefix) && (candidate.length === prefix.length || candidate[prefix.length] === "/")
  );
}

/** Not `/\/+$/`, which is quadratic in runs of slashes: the path is untrusted. */
function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function prefixText(prefix: string): string {
  return prefix.endsWith("/") ? `${prefix}*` : `${prefix}/*`;
}

function isHigher(rank: readonly number[], than: readonly number[]): boolean {
  for (const [index, value] of rank.entries()) {
    if (value !== than[index]) return value > than[index]!;
  }
  return false;
}
