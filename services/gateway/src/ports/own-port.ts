import type { Server } from "node:http";
import { createBoundedServer, knowsHost, unknownHost } from "agent-kit/service";
import type { ListenAddress } from "../configuration/configuration.ts";
import { listen } from "./listen.ts";

/** A page of an own port: rendered anew for every GET. */
export interface OwnPage {
  readonly contentType: string;
  render(): string;
}

/**
 * Opens a small read-only port (admin, stats, readiness). Anything but a GET or HEAD of a page is 404.
 *
 * @param hosts names it answers to, besides those that no stranger's web page can have and that of its address; default: any
 */
export async function openOwnPort(
  address: ListenAddress,
  pages: Readonly<Record<string, OwnPage>>,
  hosts?: readonly string[],
): Promise<Server> {
  const isKnown = hosts === undefined ? () => true : knowsHost([address.host, ...hosts]);
  const server = createBoundedServer({}, (request, response) => {
    if (!isKnown(request.headers.host)) {
      const { status, headers, body } = unknownHost();
      response.writeHead(status, headers).end(body);
      return;
    }
    const path = (request.url ?? "").split("?", 1)[0]!;
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    const readable = request.method === "GET" || request.method === "HEAD";
    if (page === undefined || !readable) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
      return;
    }
    const body = page.render();
    response.writeHead(200, { "content-type": page.contentType, "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
  await listen(server, address);
  return server;
}
