import { request } from "undici";
import type { TestStack } from "../../../tests/support/start-stack.ts";

/** An honest caller that fetches an agent's metadata through the gateway, and where a flood of the same route goes. */
export function fetchMetadata({ ports, urls }: TestStack, connections: number) {
  const headers = { host: new URL(urls.supplyChainAgent).host };
  return {
    to: { port: ports.gateway, connections, headers },
    async honest() {
      const url = `http://127.0.0.1:${ports.gateway}/.well-known/aauth-agent`;
      const { statusCode, body } = await request(url, { headers });
      await body.dump();
      return statusCode;
    },
  };
}
