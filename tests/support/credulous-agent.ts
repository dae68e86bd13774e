import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

/**
 * An agent that checks nothing and answers everything, in place of one that was left out of the
 * stack.
 */
export async function startCredulousAgent(port: number): Promise<{ stop(): void }> {
  const server = createServer(async (request, response) => {
    const asked = (await json(request).catch(() => ({}))) as { readonly id?: unknown };
    const parts = [{ kind: "text", text: "# Whatever you say" }];
    const result = { kind: "message", messageId: "m", role: "agent", parts };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id: asked.id, result }));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
