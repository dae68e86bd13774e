/** Every gateway file that the repository ships, by its text: what runs here of them has tests of its own. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shownFile } from "./documented-gateway.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const agentgateway = { route: /^ *routes:/gm, removal: /^ *remove: \[x-aauth-claims\]/gm };

/** For each file, how a route begins in it, and how the field is taken out. */
const FILES: Readonly<Record<string, { text: string; route: RegExp; removal: RegExp }>> = {
  "agentgateway/config.yaml": { text: read("agentgateway/config.yaml"), ...agentgateway },
  "agentgateway/config-policy.yaml": { text: read("agentgateway/config-policy.yaml"), ...agentgateway },
  nginx: {
    text: shownFile("nginx"),
    route: /^ *location \/ \{/gm,
    removal: /^ *proxy_set_header X-AAuth-Claims "";/gm,
  },
  Envoy: {
    text: shownFile("Envoy"),
    route: /^ *virtual_hosts:/gm,
    removal: /^ *request_headers_to_remove: \[x-aauth-claims\]/gm,
  },
  Traefik: { text: shownFile("Traefik"), route: /^ *rule:/gm, removal: /^ *X-AAuth-Claims: ""/gm },
};

test.each(Object.keys(FILES))("A19: %s takes the claims field out of what callers send", (name) => {
  const { text, route, removal } = FILES[name]!;
  const routes = text.match(route)!;
  expect(routes.length).toBeGreaterThan(0);
  expect(text.match(removal)).toHaveLength(routes.length);
});
