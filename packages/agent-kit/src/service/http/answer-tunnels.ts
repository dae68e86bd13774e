import { type Server, STATUS_CODES } from "node:http";

/** A complete response. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Responds to CONNECT, which never reaches a route, and closes. Without a listener, Node closes the
 * socket without a response; with one, it no longer manages the socket.
 *
 * @param answer called for each
 */
export function answerTunnels(server: Server, answer: () => PlainAnswer): void {
  server.on("connect", (_message, socket) => {
    // The client has disconnected.
    socket.on("error", () => {});
    socket.end(textOf(answer()), () => socket.destroy());
  });
}

function textOf({ status, headers = {}, body = "" }: PlainAnswer): string {
  const fields = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
}
