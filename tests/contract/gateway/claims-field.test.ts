/**
 * Every gateway file of the repository, checked by its text. Other tests run those that can run
 * here.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shownFile } from "./documented-gateway.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const agentgateway = (name: string) => ({
  text: read(`agentgateway/${name}.yaml`),
  route: /^ *routes:/gm,
  removal: /^ *remove: \[.*x-aauth-claims.*\]/gm,
});
/** CGI and WSGI read `_` as `-`. */
const SPELLINGS = ["x-aauth-claims", "x_aauth_claims", "x_aauth-claims", "x-aauth_claims"];

/** The beginning of a route in each file, and the line that removes the field. */
const FILES: Readonly<Record<string, { text: string; route: RegExp; removal: RegExp }>> = {
  ...Object.fromEntries(
    ["config", "config-policy", "config-draft-11", "config-draft-11-policy"].map((name) => [
      `agentgateway/${name}.yaml`,
      agentgateway(name),
    ]),
  ),
  nginx: {
    text: shownFile("nginx"),
    route: /^ *location \/ \{/gm,
    removal: /^ *proxy_set_header X-AAuth-Claims "";/gm,
  },
  Envoy: {
    text: shownFile("Envoy"),
    route: /^ *virtual_hosts:/gm,
    removal: /^ *request_headers_to_remove: \[.*x-aauth-claims.*\]/gm,
  },
  Traefik: { text: shownFile("Traefik"), route: /^ *rule:/gm, removal: /^ *X-AAuth-Claims: ""/gm },
};

test.each(Object.keys(FILES))("A19: %s removes the claims field of callers", (name) => {
  const { text, route, removal } = FILES[name]!;
  const routes = text.match(route)!;
  expect(routes.length).toBeGreaterThan(0);
  expect(text.match(removal)).toHaveLength(routes.length);
});

// nginx drops them unless `underscores_in_headers` is on.
test.each(Object.keys(FILES).filter((name) => name !== "nginx"))(
  "S32c: %s removes every spelling of the claims field",
  (name) => {
    const { text, route } = FILES[name]!;
    const removed = (
      text.match(/^ *(?:remove|request_headers_to_remove): .*|^ *X[-_]AAuth[-_]Claims: ""/gm) ?? []
    )
      .join()
      .toLowerCase();
    for (const spelling of SPELLINGS)
      expect(removed.split(spelling)).toHaveLength(text.match(route)!.length + 1);
    expect(text).not.toContain("underscores_in_headers");
  },
);
