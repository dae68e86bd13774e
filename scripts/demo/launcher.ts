import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LAUNCHER_FIELD } from "topology";
import { limitCallers } from "../../ui/vite/page-limits.ts";
import type { DemoModes } from "./demo-modes.ts";

/** What the page of a mode may ask, and the secret with which it may. */
export interface Launcher {
  readonly url: string;
  /** In the address that the terminal prints, as a fragment. No server receives it there. */
  readonly secret: string;
}

/** A request that is not from a page of this demo. */
class RefusedPress extends Error {
  readonly code = "press_refused";
}

/**
 * Serves presses on the loopback address, at a free port: `POST /modes/NAME` starts a mode and
 * answers when it is ready, `DELETE /modes/NAME` stops one, and `GET` changes nothing. The answer
 * is `ModePages`. Each request has the secret in {@link LAUNCHER_FIELD}, which no form can send.
 *
 * Errors: 403 `press_refused`; 404 `unknown_mode`; 409 `mode_stopped`, `ports_taken`,
 * `state_of_other_mode`; 500 `service_died`.
 */
export async function startLauncher(modes: DemoModes): Promise<Launcher> {
  const secret = randomBytes(16).toString("base64url");
  let url = "";
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error & { code?: string }) => {
      const { code = "internal_error", message } = error;
      send(response, STATUSES[code] ?? 500, { code, message });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requireOwnPage(request);
    response.setHeader("access-control-allow-origin", request.headers.origin!);
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST, DELETE");
      response.setHeader("access-control-allow-headers", LAUNCHER_FIELD);
      response.writeHead(204).end();
      return;
    }
    requireSecret(request);
    const [, name = ""] = /^\/modes\/([\w-]+)$/.exec(request.url ?? "") ?? [];
    if (request.method === "POST") await modes.start(name);
    if (request.method === "DELETE") await modes.stop(name);
    send(response, 200, modes.pages());
  }

  /** Browsers write these fields themselves, so a page of another site or host name cannot. */
  function requireOwnPage({ headers }: IncomingMessage): void {
    // hole L1
    if (headers.host !== new URL(url).host) throw new RefusedPress("this is another host name");
    const { own, running } = modes.pages();
    const isOwn = [own, ...running].some((page) => page.url === headers.origin);
    // hole L2
    if (!isOwn) throw new RefusedPress("only the pages of this demo start and stop modes");
    // hole L3
    if (headers["sec-fetch-site"] !== "same-site") throw new RefusedPress("this is from another site");
  }

  function requireSecret({ headers }: IncomingMessage): void {
    const digest = (text: unknown) => createHash("sha256").update(String(text)).digest();
    const isKnown = timingSafeEqual(digest(headers[LAUNCHER_FIELD]), digest(secret));
    // hole L4
    if (!isKnown) throw new RefusedPress("open the address that the terminal has printed");
  }

  limitCallers(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return { url, secret };
}

const STATUSES: Readonly<Record<string, number>> = {
  press_refused: 403,
  unknown_mode: 404,
  mode_stopped: 409,
  ports_taken: 409,
  state_of_other_mode: 409,
};

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
