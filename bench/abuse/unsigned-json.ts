/**
 * `node bench/abuse/unsigned-json.ts`: 16 anonymous connections send 2 MiB of JSON without a
 * signature through the gateway.
 *
 * @module
 */

import { request } from "undici";
import { attackStack, flood } from "./support/phases.ts";

const CONNECTIONS = 16;
const BODY_BYTES = 2_097_000;
const START = '{"params":[';
const END = '0],"method":"message/send"}';
/** The costliest JSON for its length: small objects, and the method behind them. */
const body = START + "{},".repeat((BODY_BYTES - START.length - END.length) / 3) + END;

await attackStack(({ ports, urls }) => {
  const headers = { host: new URL(urls.supplyChainAgent).host };
  const to = { port: ports.gateway, connections: CONNECTIONS };
  return {
    title: `${CONNECTIONS} connections with 2 MiB of unsigned JSON a request, at the gateway`,
    service: "gateway",
    attack: flood({
      ...to,
      request: {
        method: "POST",
        path: "/",
        headers: { ...headers, "content-type": "application/json" },
        body,
      },
    }),
    plain: flood({ ...to, request: { method: "GET", path: "/no-such-path", headers } }),
    async honest() {
      const url = `http://127.0.0.1:${ports.gateway}/.well-known/aauth-agent`;
      const { statusCode, body: answer } = await request(url, { headers });
      await answer.dump();
      return statusCode;
    },
  };
});
