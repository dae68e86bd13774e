import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it reached a server behind the gateway. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
}

export interface FakeServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
  /** Requests so far, with their bodies. */
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

export type FakeAnswer = (request: SeenRequest, response: ServerResponse) => void;

/** A server on a free loopback port that records its requests. Default answer: 200 `ok`. */
export async function startFakeServer(
  answer: FakeAnswer = (_, response) => void response.end("ok"),
): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = (message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const request = {
        method: message.method ?? "",
        url: message.url ?? "",
        headers: message.headers,
        rawHeaders: message.rawHeaders,
        body: bytes.toString(),
        bytes,
      };
      seen.push(request);
      answer(request, response);
    });
  };
  const server: Server = createServer({ maxHeaderSize: 131_072 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
