import { request } from "node:http";
import { connect } from "node:net";

/** A response. `rawFields` are alternating names and values, names lower-case. */
export interface TestResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawFields: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
}

export interface TestCall {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** `Host` header. Default `agent.test`. */
  readonly host?: string;
  /** Name and value by turns, or an object. */
  readonly headers?: readonly string[] | Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One request on a new connection; the path and the header lines are sent as given. */
export function send(call: TestCall): Promise<TestResponse> {
  const { port, method = "GET", path = "/", host = "agent.test", body } = call;
  const given = (
    Array.isArray(call.headers) ? call.headers : Object.entries(call.headers ?? {}).flat()
  ) as string[];
  const framing = body === undefined ? [] : ["content-length", String(Buffer.byteLength(body))];
  const headers = ["host", host, ...given, ...framing];
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const rawFields = incoming.rawHeaders.map((text, index) =>
          index % 2 === 0 ? text.toLowerCase() : text,
        );
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawFields,
          body: bytes.toString(),
          bytes,
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Writes bytes as they are and returns everything that comes back until the other end closes. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? undefined : reject(error),
    );
    socket.write(text, "latin1");
  });
}
