/** Servers of both lines of the SDK, with one list of tools. */

import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpHandler, McpServer as McpServer2 } from "@modelcontextprotocol/server";
import { z } from "zod";
import { callerOf, type McpHandler } from "../src/index.ts";

/** Requests that handlers of tools have received. */
export interface Handled {
  readonly tool: string;
  readonly authInfo: unknown;
  readonly caller: string | undefined;
  readonly fields: readonly string[];
}

const about = { name: "files", version: "1.0.0" };
const said = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** Transports of SDK 1 by session. */
export type SdkSessions = Map<string, WebStandardStreamableHTTPServerTransport>;

/** SDK 1 with sessions, each with its own transport and server. */
export function sessionsOfSdk1(handled: Handled[], sessions: SdkSessions = new Map()): McpHandler {
  const serverOf = () => {
    const server = new McpServer1(about);
    for (const tool of ["list", "remove"])
      server.registerTool(
        tool,
        { inputSchema: { path: z.string() } },
        ({ path }, { authInfo, requestInfo }) => {
          const fields = Object.keys(requestInfo?.headers ?? {});
          handled.push({ tool, authInfo, caller: callerOf(authInfo).person?.sub, fields });
          return said(`${tool} ${path}`);
        },
      );
    return server;
  };
  return async (request, options) => {
    const known = sessions.get(request.headers.get("mcp-session-id") ?? "");
    if (known !== undefined) return known.handleRequest(request, options);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await serverOf().connect(transport);
    return transport.handleRequest(request, options);
  };
}

/** SDK 2, which has no sessions. */
export function handlerOfSdk2(handled: Handled[]): McpHandler {
  const { fetch } = createMcpHandler(() => {
    const server = new McpServer2(about);
    for (const tool of ["list", "remove"])
      server.registerTool(tool, { inputSchema: z.object({ path: z.string() }) }, ({ path }, { http }) => {
        const fields = [...(http?.req?.headers.keys() ?? [])];
        handled.push({
          tool,
          authInfo: http?.authInfo,
          caller: callerOf(http?.authInfo).person?.sub,
          fields,
        });
        return said(`${tool} ${path}`);
      });
    return server;
  });
  return fetch;
}
