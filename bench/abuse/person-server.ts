/**
 * `node bench/abuse/person-server.ts`: one provider issues many agents and agent tokens, and each
 * request fills the stores of a person server of draft -11 as far as possible. The honest callers
 * are agents of other providers and persons.
 *
 * @module
 */

import { startParty } from "../scale/start-party.ts";
import { flood, showPhases } from "./support/phases.ts";
import { newIssuerKey, send, signAsAgent } from "./support/signed-requests.ts";

const CONNECTIONS = 8;
const MAX_REQUESTS = 6_000;
/** Each keeps below what one agent may have. */
const HONEST_PROVIDERS = 20;
/** A fifth of the default: an attack fills it in seconds. */
const MAX_ENTRIES = 10_000;

const { jwk: issuer, publicJwk } = newIssuerKey();
const server = await startParty({ kind: "person-server", issuer: publicJwk, store: `memory:${MAX_ENTRIES}` });
const to = { port: server.port, connections: CONNECTIONS };
let turn = 0;

await showPhases(
  { processes: [{ name: "person-server", pid: server.pid }] },
  {
    title: `${CONNECTIONS} connections that ask for tokens as ever new agents, at a person server`,
    service: "person-server",
    async honest() {
      const host = `honest${turn++ % HONEST_PROVIDERS}.example`;
      const answer = await send(server.port, await signAsAgent(host, 0, { issuer, to: "person-server" }));
      await answer.body.dump();
      return answer.statusCode;
    },
    attack: flood({ ...to, maxRequests: MAX_REQUESTS, request: { as: "new-agents", issuer } }),
    plain: flood({ ...to, request: { method: "POST", path: "/aauth/person" } }),
    maxP99Ratio: 3,
    // The tokens of honest callers are kept, too.
    pauseMs: 50,
  },
);
process.exit();
