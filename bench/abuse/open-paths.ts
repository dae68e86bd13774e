/**
 * `node bench/abuse/open-paths.ts`: with `agentgateway/config-policy.yaml`, one anonymous caller fetches an agent's key set a hundred times a
 * second.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { fetchMetadata } from "./support/fetch-metadata.ts";
import { attackStack, flood } from "./support/phases.ts";

const PER_SECOND = 100;
const policyFile = fileURLToPath(new URL("../../agentgateway/config-policy.yaml", import.meta.url));

await attackStack(
  (stack) => {
    const { to, honest } = fetchMetadata(stack, 16);
    const load = { ...to, method: "GET", perSecond: PER_SECOND } as const;
    return {
      title: `${PER_SECOND} requests a second for /jwks.json, at the gateway`,
      service: "gateway",
      attack: flood({ ...load, path: "/jwks.json" }),
      plain: flood({ ...load, path: "/no-such-path" }),
      honest,
    };
  },
  { modes: { policyFile } },
);
