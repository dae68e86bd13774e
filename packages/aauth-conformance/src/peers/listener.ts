import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Message } from "../judge/message.ts";
import type { Party, World } from "./world.ts";

/** Answer of a played party. */
export interface PlayedAnswer {
  readonly status: number;
  readonly fields?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | object;
}

/** Answers what is no document of the party; undefined for 404. */
export type Play = (
  party: Party | undefined,
  message: Message,
) => Promise<PlayedAnswer | undefined> | PlayedAnswer | undefined;

/** The played parties on one port, told apart by `Host`. */
export interface Listener {
  /** Origin to which the target has to connect. */
  readonly address: string;
  play: Play;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** @param listen `host:port`; port 0 for any */
export async function listen(world: World, listen = "127.0.0.1:0"): Promise<Listener> {
  const byHost = new Map(Object.values(world.parties).map((party) => [party.host, party]));
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const message = await messageOf(request);
    const party = byHost.get(message.authority.split(":", 1)[0]!);
    const document = message.method === "GET" ? documentOf(party, message.target) : undefined;
    const answer = document ?? (await listener.play(party, message)) ?? { status: 404 };
    const isText = typeof answer.body === "string" || answer.body === undefined;
    const body = isText ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, {
      ...(!isText && { "content-type": "application/json" }),
      ...answer.fields,
    });
    response.end(body);
  };
  const { host, port } = addressOf(listen);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { address, port: actual } = server.address() as AddressInfo;
  const listener: Listener = {
    address: `http://${address.includes(":") ? `[${address}]` : address}:${actual}`,
    play: () => undefined,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return listener;
}

function documentOf(party: Party | undefined, target: string): PlayedAnswer | undefined {
  const document = party?.documents.get(target);
  if (party === undefined || document === undefined) return undefined;
  party.fetched.push(target);
  return { status: 200, body: document as object };
}

async function messageOf(request: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new RangeError("the body is too large");
  }
  const { rawHeaders, method = "", url = "" } = request;
  const fields = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1]!]] : [],
  );
  const authority = request.headers.host ?? "";
  return {
    method,
    authority,
    target: url,
    fields,
    body: size === 0 ? undefined : Buffer.concat(chunks).toString(),
  };
}

function addressOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
}
