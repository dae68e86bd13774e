/** Every gateway file that the repository ships, by its text: what runs here of them has tests of its own. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { CLAIMS_HEADER } from "../../../packages/gateway-check/src/claims.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("docs/reference/gateways.md");
const shown = (heading: string) =>
  /^```\w+\n([\s\S]*?)^```/m.exec(
    page.split(`\n## ${heading}\n`)[1]!.replace(/^```\ntraefik[\s\S]*?^```/m, ""),
  )![1]!;

/** For each route of a file, the request fields that no caller gets past it. */
const REMOVED: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  "agentgateway/config.yaml": () => routesOf(read("agentgateway/config.yaml")),
  "agentgateway/config-policy.yaml": () => routesOf(read("agentgateway/config-policy.yaml")),
  nginx: () =>
    [...shown("nginx").matchAll(/^ {2}location \/ \{([\s\S]*?)^ {2}\}/gm)].map(([, block]) =>
      [...block!.matchAll(/proxy_set_header (\S+) "";/g)].map(([, name]) => name!.toLowerCase()),
    ),
  Envoy: () =>
    parse(shown("Envoy"))
      .static_resources.listeners.flatMap((listener: { filter_chains: [] }) => listener.filter_chains)
      .flatMap((chain: { filters: [] }) => chain.filters)
      .flatMap(
        (filter: { typed_config: { route_config: { virtual_hosts: [] } } }) =>
          filter.typed_config.route_config.virtual_hosts,
      )
      .map((host: { request_headers_to_remove?: [] }) => host.request_headers_to_remove ?? []),
  Traefik: () => {
    const { routers, middlewares } = parse(shown("Traefik")).http;
    return Object.values(routers as Record<string, { middlewares: string[] }>).map((router) =>
      Object.entries(middlewares[router.middlewares[0]!].headers.customRequestHeaders)
        .filter(([, value]) => value === "")
        .map(([name]) => name.toLowerCase()),
    );
  },
};

function routesOf(file: string): readonly (readonly string[])[] {
  return parse(file).binds.flatMap((bind: { listeners: { routes: [] }[] }) =>
    bind.listeners
      .flatMap(({ routes }) => routes)
      .map(
        (route: { policies: { requestHeaderModifier?: { remove: [] } } }) =>
          route.policies.requestHeaderModifier?.remove ?? [],
      ),
  );
}

test.each(Object.keys(REMOVED))("A19: %s takes the claims field out of what callers send", (name) => {
  const routes = REMOVED[name]!();
  expect(routes.length).toBeGreaterThan(0);
  for (const removed of routes) expect(removed).toContain(CLAIMS_HEADER);
});
