import { type Server, STATUS_CODES } from "node:http";
import { refusalOf, UnusableRequest } from "gateway-check";

/**
 * Answers CONNECT, which no route ever sees, as any other request that cannot be judged: 400 `unusable_request`. Without a listener node
 * would close without a word; with one it no longer looks after the socket.
 *
 * @param onRefused told of each, after the fact
 */
export function refuseTunnels(
  server: Server,
  onRefused: (refusal: { code: string; status: number }) => void,
) {
  const { status, headers, body, code } = refusalOf(new UnusableRequest("its method asks for a tunnel"));
  const fields = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
  server.on("connect", (_message, socket) => {
    socket.on("error", () => {});
    socket.end(answer, () => socket.destroy());
    onRefused({ code, status });
  });
}
