import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Claims,
  dictionary,
  digestOf,
  isSignedBy,
  type Jwk,
  Key,
  makeToken,
  now,
  parsed,
  type Sockets,
  thumbprintOf,
} from "./messages.ts";
import { keyOf, Refused, type TokenType, verifyToken } from "./tokens.ts";

/**
 * A resource written from the same page: verifies messages (5), answers with a route's requirement
 * (9.1), accepts revocations (18).
 */

interface Caller {
  readonly typ: TokenType | "server";
  readonly claims: Claims;
  readonly jwk: Jwk;
}
type Reply = readonly [status: number, headers: Record<string, string>, body?: string];

const REQUIRED = ["@method", "@authority", "@path", "signature-key"];
const ROUTES: Readonly<Record<string, TokenType>> = {
  "/agent": "aa-agent+jwt",
  "/person": "aa-person+jwt",
  "/data": "aa-auth+jwt",
};
const SERVED: readonly TokenType[] = ["aa-agent+jwt", "aa-person+jwt", "aa-auth+jwt"];
const REQUIREMENTS: Readonly<Partial<Record<TokenType, string>>> = {
  "aa-agent+jwt": "agent-token",
  "aa-person+jwt": "person-token",
};

export class ForeignResource {
  readonly issuer: string;
  readonly #key = new Key("ES256");
  readonly #sockets: Sockets;
  readonly #personServer: string;
  readonly #accessServer: string | undefined;
  readonly #revoked = new Set<string>();
  readonly #used = new Set<string>();
  readonly #server;

  private constructor(sockets: Sockets, issuer: string, personServer: string, accessServer?: string) {
    this.issuer = issuer;
    this.#sockets = sockets;
    this.#personServer = personServer;
    this.#accessServer = accessServer;
    this.#server = createServer(async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const [status, headers, body] = await this.#answer(incoming, Buffer.concat(chunks).toString());
      outgoing.writeHead(status, headers).end(body);
    });
  }

  static async start(
    sockets: Sockets,
    { personServer, accessServer }: { personServer: string; accessServer?: string | undefined },
    issuer = "https://foreign-resource.example",
  ): Promise<ForeignResource> {
    const resource = new ForeignResource(sockets, issuer, personServer, accessServer);
    await new Promise<void>((resolve) => resource.#server.listen(0, "127.0.0.1", resolve));
    sockets[issuer] = `http://127.0.0.1:${(resource.#server.address() as AddressInfo).port}`;
    return resource;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, body: string): Promise<Reply> {
    const { issuer } = this;
    const path = (incoming.url ?? "").split("?", 1)[0]!;
    const document = {
      issuer,
      jwks_uri: `${issuer}/keys`,
      revocation_endpoint: `${issuer}/revoke`,
      access_mode: "auth-token",
      scope_descriptions: { "data.read": "Read it" },
      additional_signature_components: ["content-digest", "content-type"],
    };
    const json = (value: object): Reply => [
      200,
      { "content-type": "application/json" },
      JSON.stringify(value),
    ];
    if (path === "/.well-known/aauth-resource.json") return json(document);
    if (path === "/keys") return json({ keys: [{ ...this.#key.jwk, kid: "fr-1" }] });
    const needs = ROUTES[path];
    if (needs === undefined && path !== "/revoke") return [404, {}];
    if (incoming.headers.signature === undefined && needs !== undefined) {
      const requirement = `requirement=${REQUIREMENTS[needs] ?? "person-token"}`;
      return [401, { "aauth-requirement": requirement, "signature-error": "error=invalid_signature" }];
    }
    try {
      const caller = await this.#verify(incoming, body, needs === undefined);
      return needs === undefined ? this.#revoke(caller, body) : this.#serve(caller, needs);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const headers: Record<string, string> = { "signature-error": `error=${error.signatureError}` };
      if (error.signatureError === "revoked_jwt") headers["aauth-requirement"] = "requirement=person-token";
      return [401, headers, error.message];
    }
  }

  /** Section 5, in its order. */
  async #verify(incoming: IncomingMessage, body: string, isServer: boolean): Promise<Caller> {
    const refuse = (what: string, code = "invalid_signature") => new Refused(what, undefined, code);
    const field = (name: string) => incoming.headersDistinct[name]?.map((line) => line.trim()).join(", ");
    const input = field("signature-input") ?? "";
    const [label, inner] = [...dictionary(input)][0] ?? ["", undefined];
    const signature = dictionary(field("signature") ?? "").get(label)?.value ?? "";
    const by = dictionary(field("signature-key") ?? "").get(label);
    if (inner === undefined || by === undefined) throw refuse("fields");
    if (!/^:[A-Za-z0-9+/]+={0,2}:$/.test(signature)) throw refuse("signature");
    const covered = [...inner.value.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
    const wanted = body === "" ? REQUIRED : [...REQUIRED, "content-digest", "content-type"];
    if (!wanted.every((name) => covered.includes(name))) {
      const list = wanted.map((name) => `"${name}"`).join(" ");
      throw refuse("coverage", `invalid_input, required_input=(${list})`);
    }
    const created = Number(inner.parameters.get("created") ?? Number.NaN);
    if (!(created >= now() - 60)) throw refuse("created");
    if (created > now() + 60) throw refuse("created", "clock_skew");
    if (Number(inner.parameters.get("expires") ?? Number.POSITIVE_INFINITY) <= now()) throw refuse("expires");
    if (by.value !== (isServer ? "jwks_uri" : "jwt")) throw refuse("scheme", "unsupported_scheme");
    const caller = isServer
      ? await this.#namedServer(by.parameters)
      : await this.#holder(by.parameters.get("jwt") ?? "");
    const values: Record<string, string | undefined> = {
      "@method": incoming.method,
      "@authority": new URL(this.issuer).host,
      "@path": incoming.url!.split("?", 1)[0],
      "@query": incoming.url!.includes("?") ? incoming.url!.slice(incoming.url!.indexOf("?")) : "?",
    };
    const lines = covered.map((name) => `"${name}": ${name.startsWith("@") ? values[name] : field(name)}`);
    const base = [...lines, `"@signature-params": ${input.slice(label.length + 1)}`].join("\n");
    if (!isSignedBy(caller.jwk, base, Buffer.from(signature.slice(1, -1), "base64")))
      throw refuse("signature");
    if (incoming.method !== "GET" && this.#used.has(base)) throw refuse("replay");
    this.#used.add(base);
    if (body !== "" && field("content-digest") !== digestOf(body)) throw refuse("digest", "invalid_input");
    return caller;
  }

  async #namedServer(parameters: ReadonlyMap<string, string>): Promise<Caller> {
    const [id = "", dwk = ""] = [parameters.get("id"), parameters.get("dwk")];
    if (!["aauth-person.json", "aauth-access.json"].includes(dwk))
      throw new Refused("dwk", undefined, "invalid_key");
    const jwk = await keyOf(this.#sockets, id, dwk, parameters.get("kid"));
    return { typ: "server", claims: { iss: id, sub: id }, jwk };
  }

  async #holder(jwt: string): Promise<Caller> {
    const { typ, claims, jwk } = await verifyToken(this.#sockets, jwt, SERVED);
    const issuers =
      typ === "aa-person+jwt" || this.#accessServer === undefined
        ? [this.#personServer]
        : [this.#accessServer];
    if (typ !== "aa-agent+jwt" && !issuers.includes(claims.iss)) throw new Refused("iss");
    if (typ !== "aa-agent+jwt" && claims.aud !== this.issuer) throw new Refused("aud");
    if (this.#revoked.has(`${claims.iss} ${claims.jti}`))
      throw new Refused("revoked", undefined, "revoked_jwt");
    if (jwk?.alg !== "Ed25519" && jwk?.alg !== "ES256")
      throw new Refused("cnf", undefined, "unsupported_algorithm");
    return { typ, claims, jwk };
  }

  /** Section 9.1. */
  #serve({ typ, claims, jwk }: Caller, needs: TokenType): Reply {
    const rank = (type: string) => SERVED.indexOf(type as TokenType);
    const isAgentRoute = needs === "aa-agent+jwt";
    if (isAgentRoute ? typ === needs : rank(typ) >= rank(needs)) return [200, {}, claims.sub];
    if (isAgentRoute) return [401, { "aauth-requirement": "requirement=agent-token" }];
    if (typ === "aa-agent+jwt") return [401, { "aauth-requirement": "requirement=person-token" }];
    const { iss, ps = iss, sub, jti, tenant, mission_s256 } = claims;
    const times = { jti: randomUUID(), iat: now(), exp: now() + 300 };
    const token = makeToken(
      { typ: "aa-resource+jwt", kid: "fr-1" },
      {
        iss: this.issuer,
        dwk: "aauth-resource.json",
        aud: this.#accessServer ?? ps,
        ps,
        sub,
        ...times,
        presented_jti: jti,
        agent_jkt: thumbprintOf(jwk),
        tenant,
        mission_s256,
        scope: "data.read",
      },
      this.#key,
    );
    return [401, { "aauth-requirement": `requirement=auth-token; resource-token="${token}"` }];
  }

  /** Section 18. */
  #revoke({ claims }: Caller, body: string): Reply {
    const { jti, exp } = parsed(body);
    if (typeof jti !== "string" || typeof exp !== "number") {
      return [400, { "content-type": "application/problem+json" }, '{"error":"invalid_request"}'];
    }
    this.#revoked.add(`${claims.iss} ${jti}`);
    return [200, {}];
  }
}
