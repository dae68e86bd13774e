import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createBoundedServer } from "agent-kit/service";
import { z } from "zod";

const HOST = "127.0.0.1";
/** Time from opening a listener to closing it. */
export const LIFETIME_MS = 300_000;
const MAX_BODY_BYTES = 1024;
const MAX_HEADER_BYTES = 8192;
const MAX_CONNECTIONS = 32;
/** Limit on requests with the token per listener. It also bounds the orders. */
const MAX_REQUESTS = 1000;

const REPORT = { title: "Supply-chain report", confidential: true, laptops_in_stock: 12, reorder: 25 };

const orderSchema = z.strictObject({
  item: z.string().max(40),
  quantity: z.number().int().min(1).max(10_000),
});

/** A listener that accepts a bearer token. */
export interface BearerService {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The token that it accepts. Random, and used for nothing else. */
  readonly token: string;
  /** Closes the listener and its connections. Idempotent. */
  close(): void;
}

/** A mock order. */
type Order = z.infer<typeof orderSchema> & { readonly order: number };

/** Reply to a request: a status and a JSON body. */
type Answer = readonly [status: number, body: object];

/**
 * Opens a mock service on loopback, on any free port: `GET /report` and `POST /orders` with a
 * bearer token, as in RFC 6750. It closes after five minutes, keeps everything in memory, and does
 * not keep the process alive.
 *
 * Does NOT know any agent, user or key: it accepts only its own token, which nothing else accepts.
 */
export async function openBearerService(): Promise<BearerService> {
  const token = randomBytes(32).toString("base64url");
  const orders: Order[] = [];
  let requests = 0;

  async function answer(request: IncomingMessage): Promise<Answer> {
    // A page of another site can point its own host name here (DNS rebinding).
    if (request.headers.host !== authority) return [421, { error: "misdirected_request" }]; // hole B10
    if (!isSame(request.headers.authorization, `Bearer ${token}`)) return [401, { error: "invalid_token" }]; // hole B11
    requests += 1;
    if (requests > MAX_REQUESTS) return [429, { error: "too_many_requests" }]; // hole B12a
    const { method, url } = request;
    if (method === "GET" && url === "/report") return [200, REPORT];
    if (method === "POST" && url === "/orders") return placeOrder(await readBody(request));
    return [404, { error: "not_found" }];
  }

  function placeOrder(body: string | undefined): Answer {
    if (body === undefined) return [413, { error: "too_large" }];
    const asked = orderSchema.safeParse(parsed(body));
    if (!asked.success) return [400, { error: "invalid_request" }];
    const placed = { order: orders.length + 1, ...asked.data };
    orders.push(placed);
    return [201, placed];
  }

  const server = createBoundedServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    answer(request).then(
      (answered) => send(response, answered),
      () => response.destroy(),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const address = {
      port: 0,
      host: HOST, // hole B14
    };
    server.listen(address, resolve);
  });
  server.unref();
  const authority = `${HOST}:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  setTimeout(close, LIFETIME_MS).unref(); // hole B13
  return { url: `http://${authority}`, token, close };
}

function send(response: ServerResponse, [status, body]: Answer): void {
  const challenge = status === 401 && { "www-authenticate": "Bearer" };
  // Closing the connection discards a body that was not read to its end.
  response.writeHead(status, { "content-type": "application/json", connection: "close", ...challenge });
  response.end(JSON.stringify(body));
}

/** Undefined for a body that is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined; // hole B12b
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Compares in constant time, regardless of the lengths. */
function isSame(given: string | undefined, expected: string): boolean {
  const hashed = (value: string) => createHash("sha256").update(value).digest();
  // hole B15: given !== undefined
  return given !== undefined && timingSafeEqual(hashed(given), hashed(expected));
}
