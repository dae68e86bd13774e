import type { KeyObject } from "node:crypto";
import {
  keyPair,
  type Listener,
  listen,
  type Mistakes,
  makeToken,
  type OutgoingRequest,
  type Scheme,
  send,
  signedBy,
  thumbprintOf,
} from "../../support/foreign-agent.ts";
import type { AuthServerUnderTest } from "./auth-server-under-test.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Form = Readonly<Record<string, string>> | string;

/** The auth server and the parties of the tests. */
export interface World {
  readonly server: AuthServerUnderTest;
  /** Asks for tokens. */
  readonly agent: Party;
  /** A resource that is called by the agent, and calls the next one. */
  readonly resource: Party;
  /** The next resource, which is called by the first. */
  readonly nextResource: Party;
  /** A resource token of the resource for the agent, as a token request's form. */
  wish(more?: Readonly<Record<string, string>>): Form;
}

export interface AskOptions extends Mistakes {
  readonly scheme?: Scheme;
  /** Default the token endpoint. */
  readonly url?: string;
  readonly contentType?: string;
  /** Replaces parts of the request after signing; an undefined header is removed. */
  readonly tamper?: (headers: Readonly<Record<string, string>>) => {
    readonly url?: string;
    readonly headers?: Readonly<Record<string, string | undefined>>;
    readonly body?: string;
  };
}

export interface ResourceTokenOptions {
  readonly header?: object;
  /** Claims instead of the usual ones; undefined removes one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly scope?: string;
  readonly key?: KeyObject;
}

export interface SigningPair {
  readonly kid: string;
  readonly key: KeyObject;
  readonly x: string;
}

/**
 * An agent and resource and, if its documents say so, an issuer, with its keys and metadata on one
 * port.
 */
export class Party {
  readonly id: string;
  pair: SigningPair;
  /** Published at `/jwks.json`. */
  keySet: object[];
  /** Members of the published documents in addition to the two common ones. */
  agentMetadata: object = {};
  resourceMetadata: object = {};
  #listener: Listener;

  private constructor(listener: Listener, pair: SigningPair, keySet: object[]) {
    this.#listener = listener;
    this.id = listener.url;
    this.pair = pair;
    this.keySet = keySet;
  }

  /** @param name host name below `localhost` */
  static async start(name: string): Promise<Party> {
    const pair = { kid: `${name}-1`, ...keyPair() };
    // Documents are made on request, because tests change the party.
    let party: Party | undefined;
    const listener = await listen((path) => party?.document(path) ?? { status: 404 }, `${name}.localhost`);
    party = new Party(listener, pair, [jwkOf(pair)]);
    return party;
  }

  private document(path: string) {
    const jwks_uri = `${this.id}/jwks.json`;
    switch (path) {
      case "/.well-known/aauth-agent":
        return { body: { agent: this.id, jwks_uri, ...this.agentMetadata } };
      case "/.well-known/aauth-resource":
        return { body: { resource: this.id, jwks_uri, ...this.resourceMetadata } };
      case "/.well-known/aauth-issuer":
        return {
          body: {
            issuer: this.id,
            jwks_uri,
            agent_token_endpoint: `${this.id}/token`,
            agent_auth_endpoint: `${this.id}/auth`,
          },
        };
      case "/jwks.json":
        return { body: { keys: this.keySet } };
      default:
        return { status: 404 };
    }
  }

  /** Requests that this party has received, in order. */
  get asked(): string[] {
    return this.#listener.requests;
  }

  get callback(): string {
    return `${this.id}/callback`;
  }

  get thumbprint(): string {
    return thumbprintOf(this.pair);
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** Restarts the party after `stop`: on the same port, with a new key under the old name. */
  async startAgain(): Promise<void> {
    const { hostname, port } = new URL(this.id);
    this.pair = newPair(this.pair.kid);
    this.keySet = [jwkOf(this.pair)];
    this.#listener = await listen((path) => this.document(path), hostname, Number(port));
  }

  /** The token request, signed. */
  tokenRequest(server: AuthServerUnderTest, form: Form, options: AskOptions = {}): OutgoingRequest {
    const { scheme = { scheme: "jwks" }, contentType = "application/x-www-form-urlencoded" } = options;
    return signedBy(
      this.pair.key,
      this.signatureKey(scheme, options.label),
      {
        method: "POST",
        url: options.url ?? server.tokenEndpoint,
        headers: { "content-type": contentType },
        body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
      },
      options,
    );
  }

  /** Asks the token endpoint. */
  async ask(server: AuthServerUnderTest, form: Form, options: AskOptions = {}): Promise<Reply> {
    const { url, headers = {}, body } = this.tokenRequest(server, form, options);
    const changes = options.tamper?.(headers) ?? {};
    const sent = Object.entries({ ...headers, ...changes.headers }).filter(
      ([, value]) => value !== undefined,
    );
    const {
      status,
      headers: received,
      text,
    } = await send({
      method: "POST",
      url: changes.url ?? url,
      headers: Object.fromEntries(sent) as Record<string, string>,
      body: changes.body ?? String(body),
    });
    return { status, headers: received, body: parsed(text) };
  }

  signatureKey(scheme: Scheme, label = "sig1"): string {
    switch (scheme.scheme) {
      case "hwk":
        return `${label}=(scheme=hwk kty="OKP" crv="Ed25519" x="${this.pair.x}")`;
      case "jwks":
        return `${label}=(scheme=jwks id="${scheme.id ?? this.id}" kid="${scheme.kid ?? this.pair.kid}" well-known="aauth-agent")`;
      case "jwt":
        return `${label}=(scheme=jwt jwt="${scheme.jwt}")`;
    }
  }

  /** A resource token of this party for `agent` (profile 4.1). */
  resourceToken(
    server: AuthServerUnderTest,
    agent: Party,
    { header, claims, scope = "supply-chain:optimize", key = this.pair.key }: ResourceTokenOptions = {},
  ): string {
    return makeToken(
      { alg: "EdDSA", kid: this.pair.kid, typ: "resource+jwt", ...header },
      {
        iss: this.id,
        aud: server.issuer,
        agent: agent.id,
        agent_jkt: agent.thumbprint,
        exp: now() + 300,
        scope,
        ...claims,
      },
      key,
    );
  }

  /** An agent token for a delegate of this party with a separate key (profile 4.3). */
  agentToken(delegate: SigningPair, claims: object = {}, key: KeyObject = this.pair.key): string {
    return makeToken(
      { alg: "EdDSA", kid: this.pair.kid, typ: "agent+jwt" },
      { iss: this.id, sub: "worker-7", exp: now() + 300, cnf: { jwk: jwkOf(delegate) }, ...claims },
      key,
    );
  }
}

export function newPair(kid: string): SigningPair {
  return { kid, ...keyPair() };
}

export function jwkOf({ kid, x }: SigningPair): object {
  return { kty: "OKP", crv: "Ed25519", x, kid };
}

/** Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}
