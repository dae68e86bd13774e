import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { endpointTable, type StackPorts, type StackUrls } from "../../scripts/demo/stack.ts";

/** What an attempt waits for, in the words of a server that grants everything. */
const WAITING = {
  location: "https://person-server.localhost/aauth/pending/1",
  "retry-after": "1",
  "aauth-requirement":
    'requirement=interaction; url="https://person-server.localhost/interaction"; code="ABCD-EFGH-JKMN"',
};

/**
 * Person server and access server of draft -11 for the backend alone: ours, until `believe` is
 * called, and then one that checks nothing.
 */
export interface CredulousServer {
  /** `AAUTH_ENDPOINTS` of the backend in a stack with these URLs. */
  endpoints(urls: StackUrls): string;
  /** From here on every request but those for documents is granted. */
  believe(): void;
  stop(): void;
}

export async function startCredulousServer(): Promise<CredulousServer> {
  let behind = 0;
  let believes = false;
  const server = createServer((incoming, response) => {
    const isDocument = /^\/(?:\.well-known\/|jwks\.json)/.test(incoming.url ?? "");
    if (believes && !isDocument) void grant(incoming, response);
    else pass(incoming, response, behind);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoints(urls) {
      const portOf = (url: string) => Number(new URL(url).port);
      behind = portOf(urls.personServer);
      const ports = { backend: portOf(urls.backend), gateway: portOf(urls.gateway), personServer: behind };
      return endpointTable({ visitor: 1, ...ports } as StackPorts).replaceAll(
        `http://127.0.0.1:${behind},`,
        `http://127.0.0.1:${port},`,
      );
    },
    believe() {
      believes = true;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function pass(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", () => response.destroy());
  incoming.pipe(outgoing);
}

async function grant(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = (await json(incoming).catch(() => ({}))) as { readonly capabilities?: unknown };
  const waits = asked.capabilities !== undefined;
  response.writeHead(waits ? 202 : 200, { "content-type": "application/json", ...(waits && WAITING) });
  response.end(JSON.stringify(waits ? { status: "pending" } : { person_token: "whatever you say" }));
}
