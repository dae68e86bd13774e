/** MCP servers on Node, of both lines of the SDK, at the versions that `mcp-aauth` names. */

import type { RequestListener } from "node:http";
import { type McpHandler, protectMcp } from "mcp-aauth";
import { listen, type Parties } from "./parties.ts";
import { load, type ServerUnderTest } from "./server-under-test.ts";
import { BOUNDS, createReports, requirementOf, SERVED, type Settings } from "./servers/reports.ts";

const about = { name: "reports", version: "1.0.0" };
const read = ({ month }: { readonly month: string }) => ({
  content: [{ type: "text" as const, text: month }],
});

/** The call of a tool, as a client of either line sends it. */
const CALL = {
  method: "POST",
  headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "read", arguments: { month: "2026-11" } },
  }),
};

/** Callers whose valid request calls a tool. */
const asClients = (parties: Parties): Parties => ({
  ...parties,
  body: CALL.body,
  answer: '"text":"2026-11"',
  sign: (over) => parties.sign({ ...CALL, ...over }),
  ...(parties.call && { call: (port: number) => parties.call!(port, CALL) }),
});

type Sdk1 = typeof import("@modelcontextprotocol/sdk/server/mcp.js") &
  typeof import("@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js");
type Sdk2 = typeof import("@modelcontextprotocol/server");
type Zod = typeof import("zod");

/** A new server and transport for each request, without sessions. */
async function handlerOfSdk1(name: string): Promise<McpHandler> {
  const { McpServer } = await load<Sdk1>(`${name}/server/mcp.js`);
  const { WebStandardStreamableHTTPServerTransport } = await load<Sdk1>(
    `${name}/server/webStandardStreamableHttp.js`,
  );
  const { z } = await load<Zod>("zod");
  return async (request, options) => {
    const server = new McpServer(about);
    server.registerTool("read", { inputSchema: { month: z.string() } }, read);
    const transport = new WebStandardStreamableHTTPServerTransport();
    await server.connect(transport);
    return transport.handleRequest(request, options);
  };
}

async function handlerOfSdk2(name: string): Promise<McpHandler> {
  const { createMcpHandler, McpServer } = await load<Sdk2>(name);
  const { z } = await load<Zod>("zod");
  return createMcpHandler(() => {
    const server = new McpServer(about);
    server.registerTool("read", { inputSchema: z.object({ month: z.string() }) }, read);
    return server;
  }).fetch;
}

const serverOf = (name: string, handlerOf: (name: string) => Promise<McpHandler>): ServerUnderTest => ({
  gate: "mcp-aauth",
  packages: [name],
  as: asClients,
  async start(settings: Settings) {
    const sdk = await handlerOf(name);
    const handler: McpHandler = async (request, options) => {
      if (new URL(request.url).pathname === "/fail") throw new Error("of the handler");
      const response = await sdk(request, options);
      response.headers.set(SERVED, "yes");
      return response;
    };
    const gate = protectMcp(await createReports(settings), requirementOf(settings), handler, BOUNDS);
    const { getRequestListener } = await load<{
      getRequestListener(fetch: typeof gate): RequestListener;
    }>("@hono/node-server");
    return listen(getRequestListener(gate));
  },
});

/** By the names that the table of the documents has. */
export const MCP_SERVERS: Readonly<Record<string, ServerUnderTest>> = {
  "MCP, SDK 1": serverOf("@modelcontextprotocol/sdk", handlerOfSdk1),
  "MCP, SDK 1 at its oldest": serverOf("mcp-sdk-1-oldest", handlerOfSdk1),
  "MCP, SDK 2": serverOf("@modelcontextprotocol/server", handlerOfSdk2),
  "MCP, SDK 2 at its oldest": serverOf("mcp-sdk-2-oldest", handlerOfSdk2),
};
