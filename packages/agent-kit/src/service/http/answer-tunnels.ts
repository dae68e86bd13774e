import { type Server, STATUS_CODES } from "node:http";

/** A response, whole. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Answers CONNECT, which no route ever sees, and closes. Without a listener node would close
 * without a word; with one it no longer looks after the socket.
 *
 * @param answer called for each
 */
export function answerTunnels(server: Server, answer: () => PlainAnswer): void {
  server.on("connect", (_message, socket) => {
    // The client is gone and gets no response.
    socket.on("error", () => {});
    socket.end(textOf(answer()), () => socket.destroy());
  });
}

function textOf({ status, headers = {}, body = "" }: PlainAnswer): string {
  const fields = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
}
