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
 * An agent by somebody who has read docs/reference/profile.md and nothing else: this file imports nothing of ours, so that what the
 * document forgets to say, or what our packages do differently, shows. Every step can be done wrong on purpose.
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

/** What a signer may do wrong. Without any of these the request is as profile 2 wants it. */
export interface Mistakes {
  /** Whole value of `Signature-Key`, instead of the scheme's. */
  readonly signatureKey?: string;
  readonly created?: number;
  readonly nonce?: string;
  readonly digest?: string;
  /** The authority that is signed, instead of the one in the URL. */
  readonly authority?: string;
  readonly signingKey?: KeyObject;
  readonly without?: readonly string[];
  /** Text after `created=…`. */
  readonly parameters?: string;
}

export type Scheme =
  | { scheme: "hwk" }
  | { scheme: "jwks"; kid?: string; id?: string }
  | { scheme: "jwt"; jwt: string };

const LIMIT_MS = 15_000;

/** Sends to loopback whatever the URL's host is: not every resolver knows `*.localhost`. Follows nothing, adds nothing but `Host`. */
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

/** A server on a free loopback port that writes down what it is asked for. */
export async function listen(
  answer: (
    path: string,
    url: string,
  ) => { status?: number; headers?: Record<string, string>; body?: unknown },
  hostname = "127.0.0.1",
): Promise<Listener & { server: Server }> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const { status = 200, headers = {}, body } = answer(incoming.url ?? "", url);
    outgoing.writeHead(status, { "content-type": "application/json", ...headers });
    outgoing.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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

  /** With a metadata server of its own (profile 5.1). `more` goes into its agent document. */
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

  /** What others have asked its metadata server for. */
  get asked(): readonly string[] {
    return this.#listener.requests;
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** RFC 7638. */
  get thumbprint(): string {
    return sha256(`{"crv":"Ed25519","kty":"OKP","x":"${this.x}"}`).toString("base64url");
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
    const { method = "GET", url, body } = outgoing;
    const { host } = new URL(url);
    const [path = "/", query] = (url.slice(url.indexOf(host) + host.length) || "/").split(/(?=\?)/, 2);
    const headers: Record<string, string> = {
      ...outgoing.headers,
      ...(body !== undefined && { "content-digest": mistakes.digest ?? digestOf(body) }),
      ...(method !== "GET" && { nonce: mistakes.nonce ?? randomBytes(16).toString("base64url") }),
      "signature-key": mistakes.signatureKey ?? this.signatureKey(scheme),
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
    for (const name of mistakes.without ?? []) values.delete(name);
    const created = mistakes.created ?? Math.floor(Date.now() / 1000);
    const list = [...values.keys()].map((name) => `"${name}"`).join(" ");
    const parameters = `(${list});created=${created}${mistakes.parameters ?? ""}`;
    const base = [
      ...[...values].map(([name, value]) => `"${name}": ${value}`),
      `"@signature-params": ${parameters}`,
    ].join("\n");
    const signature = sign(null, Buffer.from(base), mistakes.signingKey ?? this.key).toString("base64url");
    return {
      ...outgoing,
      headers: { ...headers, "signature-input": `sig1=${parameters}`, signature: `sig1=:${signature}:` },
    };
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

/** A compact JWS by anybody's key; without one it ends with an empty signature. */
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
