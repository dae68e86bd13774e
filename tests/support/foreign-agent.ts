import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";

/**
 * An agent written from docs/february-2026/profile.md alone. This file imports nothing of ours, so
 * that what the document leaves out, or what our packages do differently, shows. Every step can be
 * done wrong on purpose.
 */

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface OutgoingRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Deviations and errors of a signer. Without any of these the request conforms to profile 2. */
export interface Mistakes {
  /** Whole value of `Signature-Key`, instead of the scheme's. */
  readonly signatureKey?: string;
  /** Unix seconds; null leaves the parameter out. */
  readonly created?: number | null;
  /** null leaves the header out. */
  readonly nonce?: string | null;
  readonly digest?: string;
  /** The authority that is signed, instead of the one in the URL. */
  readonly authority?: string;
  readonly signingKey?: KeyObject;
  /** Components that are not covered. */
  readonly without?: readonly string[];
  /** Covered components, in this order; each must apply to the request. */
  readonly covered?: readonly string[];
  /** Text after `created=…`. */
  readonly parameters?: string;
  /** Default `sig1`; the value of `Signature-Key` has to be given with the same. */
  readonly label?: string;
  /** Encoding of the signature's bytes. Default base64url without padding. */
  readonly encode?: (signature: Buffer) => string;
}

export type Scheme =
  | { scheme: "hwk" }
  | { scheme: "jwks"; kid?: string; id?: string }
  | { scheme: "jwt"; jwt: string };

const LIMIT_MS = 15_000;

/**
 * Sends to loopback whatever the URL's host is: not every resolver knows `*.localhost`. Follows
 * nothing, adds nothing but `Host`.
 */
export function send({ method = "GET", url, headers = {}, body }: OutgoingRequest): Promise<Answer> {
  const { host, port } = new URL(url);
  // The path as it is written: URL would normalize it, and it is signed as it is sent.
  const path = url.slice(url.indexOf(host) + host.length) || "/";
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers: { host, ...length, ...headers }, agent: false },
      (incoming) => {
        void textOf(incoming).then(
          (text) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
          reject,
        );
      },
    );
    outgoing.setTimeout(LIMIT_MS, () => outgoing.destroy(new Error(`no answer from ${url}`)));
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** Name, method and path of each request that came in. */
export interface Listener {
  readonly url: string;
  readonly requests: string[];
  stop(): Promise<void>;
}

/** A server on a loopback port, default a free one, that writes down what it is asked for. */
export async function listen(
  answer: (
    path: string,
    url: string,
  ) => { status?: number; headers?: Record<string, string>; body?: unknown },
  hostname = "127.0.0.1",
  port = 0,
): Promise<Listener & { server: Server }> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const { status = 200, headers = {}, body } = answer(incoming.url ?? "", url);
    outgoing.writeHead(status, { "content-type": "application/json", ...headers });
    outgoing.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const url = `http://${hostname}:${(server.address() as AddressInfo).port}`;
  return {
    server,
    url,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The request with its signature headers (profile 2). */
export function signedBy(
  key: KeyObject,
  signatureKey: string,
  outgoing: OutgoingRequest,
  mistakes: Mistakes = {},
): OutgoingRequest {
  const { method = "GET", url, body } = outgoing;
  const { label = "sig1", encode = (bytes) => bytes.toString("base64url") } = mistakes;
  const { host } = new URL(url);
  const [path = "/", query] = (url.slice(url.indexOf(host) + host.length) || "/").split(/(?=\?)/, 2);
  const nonce = mistakes.nonce === undefined ? randomBytes(16).toString("base64url") : mistakes.nonce;
  const headers: Record<string, string> = {
    ...outgoing.headers,
    ...(body !== undefined && { "content-digest": mistakes.digest ?? digestOf(body) }),
    ...(method !== "GET" && nonce !== null && { nonce }),
    "signature-key": mistakes.signatureKey ?? signatureKey,
  };
  const values = new Map<string, string>([
    ["@method", method],
    ["@authority", mistakes.authority ?? host.toLowerCase()],
    ["@path", path],
    ...(query === undefined ? [] : ([["@query", query]] as const)),
    ...["content-type", "content-digest", "nonce", "signature-key"].flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  ]);
  const covered = (mistakes.covered ?? [...values.keys()]).filter(
    (name) => !mistakes.without?.includes(name),
  );
  const created = mistakes.created === undefined ? Math.floor(Date.now() / 1000) : mistakes.created;
  const list = covered.map((name) => `"${name}"`).join(" ");
  const parameters = `(${list})${created === null ? "" : `;created=${created}`}${mistakes.parameters ?? ""}`;
  const base = [
    ...covered.map((name) => `"${name}": ${values.get(name)}`),
    `"@signature-params": ${parameters}`,
  ].join("\n");
  const signature = encode(sign(null, Buffer.from(base), mistakes.signingKey ?? key));
  return {
    ...outgoing,
    headers: {
      ...headers,
      "signature-input": `${label}=${parameters}`,
      signature: `${label}=:${signature}:`,
    },
  };
}

export class ForeignAgent {
  readonly id: string;
  readonly kid = "key-of-mine";
  readonly key: KeyObject;
  readonly x: string;
  readonly #listener: Listener;

  private constructor(listener: Listener, pair: { key: KeyObject; x: string }) {
    this.#listener = listener;
    this.id = listener.url;
    this.key = pair.key;
    this.x = pair.x;
  }

  /**
   * Starts an agent with a metadata server (profile 5.1). `more` is added to its agent document.
   */
  static async start(hostname = "foreign-agent.localhost", more: object = {}): Promise<ForeignAgent> {
    const pair = keyPair();
    const jwk = { kty: "OKP", crv: "Ed25519", x: pair.x, kid: "key-of-mine" };
    const listener = await listen((path, url) => {
      if (path === "/.well-known/aauth-agent") {
        return { body: { agent: url, jwks_uri: `${url}/jwks.json`, name: "Foreign agent", ...more } };
      }
      return path === "/jwks.json" ? { body: { keys: [jwk] } } : { status: 404 };
    }, hostname);
    return new ForeignAgent(listener, pair);
  }

  /** Requests to its metadata server. */
  get asked(): readonly string[] {
    return this.#listener.requests;
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  get thumbprint(): string {
    return thumbprintOf(this);
  }

  signatureKey(scheme: Scheme): string {
    switch (scheme.scheme) {
      case "hwk":
        return `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${this.x}")`;
      case "jwks":
        return `sig1=(scheme=jwks id="${scheme.id ?? this.id}" kid="${scheme.kid ?? this.kid}" well-known="aauth-agent")`;
      case "jwt":
        return `sig1=(scheme=jwt jwt="${scheme.jwt}")`;
    }
  }

  /** The request with its signature headers (profile 2). */
  signed(outgoing: OutgoingRequest, scheme: Scheme, mistakes: Mistakes = {}): OutgoingRequest {
    return signedBy(this.key, this.signatureKey(scheme), outgoing, mistakes);
  }

  call(outgoing: OutgoingRequest, scheme: Scheme, mistakes: Mistakes = {}): Promise<Answer> {
    return send(this.signed(outgoing, scheme, mistakes));
  }

  /** `POST {issuer}/protocol/aauth/agent/token` (profile 6.1). */
  askAuthServer(
    issuer: string,
    form: Readonly<Record<string, string>>,
    mistakes?: Mistakes,
    scheme: Scheme = { scheme: "jwks" },
  ): Promise<Answer> {
    return this.call(
      {
        method: "POST",
        url: `${issuer}/protocol/aauth/agent/token`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams(form).toString(),
      },
      scheme,
      mistakes,
    );
  }

  /** Judges a challenge for this agent at `resource` and gives its resource token (profile 3.4). */
  resourceTokenOf(challenge: Answer, expected: { resource: string; authServer: string }): string {
    const header = String(challenge.headers["agent-auth"]);
    if (!/^httpsig *(;|$)/.test(header)) throw new Error(`not a challenge: ${challenge.status} ${header}`);
    const token = /;\s*resource_token="([^"]+)"/.exec(header)?.[1];
    const authServer = /;\s*auth_server="([^"]+)"/.exec(header)?.[1];
    if (token === undefined || !/;\s*auth-token(\s*;|\s*$)/.test(header))
      throw new Error(`no authorization is asked for: ${header}`);
    const { header: jose, claims } = readToken(token);
    const problems = [
      authServer !== expected.authServer && "auth_server",
      jose.typ !== "resource+jwt" && "typ",
      claims.iss !== expected.resource && "iss",
      claims.aud !== expected.authServer && "aud",
      claims.agent !== this.id && "agent",
      claims.agent_jkt !== this.thumbprint && "agent_jkt",
      !(Number(claims.exp) > Date.now() / 1000) && "exp",
    ].filter((problem) => problem !== false);
    if (problems.length > 0) throw new Error(`the challenge is not for us: ${problems.join(", ")}`);
    return token;
  }
}

export function keyPair(): { key: KeyObject; x: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { key: privateKey, x: publicKey.export({ format: "jwk" }).x as string };
}

/** RFC 7638, of an Ed25519 key. */
export function thumbprintOf({ x }: { x: string }): string {
  return sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).toString("base64url");
}

/** A compact JWS by any key, or with an empty signature without one. */
export function makeToken(header: object, claims: object, key?: KeyObject): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${key === undefined ? "" : sign(null, Buffer.from(input), key).toString("base64url")}`;
}

export function readToken(token: string): {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
} {
  const [header, claims] = token
    .split(".", 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
  return { header: header ?? {}, claims: claims ?? {} };
}

/** RFC 9530. */
export function digestOf(body: string | Buffer): string {
  return `sha-256=:${sha256(body).toString("base64")}:`;
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
