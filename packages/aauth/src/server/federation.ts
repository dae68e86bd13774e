/**
 * A person server at an access server: the token request in its own name, the waiting there, and what it makes of the answers (draft -11, sections 9.1 to 9.3).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { AuthTokenClaims } from "../draft-11/claims.ts";
import { documents } from "../draft-11/documents.ts";
import { parseRequirement } from "../draft-11/headers.ts";
import { AAUTH_REQUIREMENT } from "../draft-11/names.ts";
import { verifyAuthToken } from "../draft-11/verify-tokens.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { failed, type Outcome, type PendingRequirement, Problem, succeeded } from "./answers.ts";
import type { CallServer, ServerReply } from "./server-calls.ts";
import type { Clarification } from "./types.ts";

/** Claims may be asked for more than once; without an end a server could keep another one busy. */
const MAX_STEPS = 5;
const DEFAULT_WAIT_SECONDS = 5;
const MAX_DETAIL_CHARACTERS = 1_000;
const MAX_CLAIMS = 50;

/** Where a request stands at the access server. Plain data. */
export interface AccessState {
  /** Its pending URL. */
  readonly location: string;
  /** Unix seconds: not asked again before. */
  readonly notBefore: number;
}

/** What the access server has to be asked, and what the token has to be. */
export interface AccessRequest {
  readonly accessServer: string;
  readonly body: Readonly<Record<string, string>>;
  /** The resource. */
  readonly audience: string;
  readonly subject: string;
  /** Space-separated: the token has no other. */
  readonly scope: string;
  /** Thumbprint of the agent's, or the sub-agent's, key. */
  readonly thumbprint: string;
  /** Unix seconds: `exp` of the presented token. */
  readonly notAfter: number;
}

/** What has come of a step. */
export type AccessStep =
  | { readonly type: "token"; readonly token: string; readonly claims: AuthTokenClaims }
  | {
      readonly type: "waiting";
      readonly access: AccessState;
      readonly requirement: PendingRequirement;
      readonly status: "pending" | "interacting";
    }
  | { readonly type: "question"; readonly access: AccessState; readonly clarification: Clarification }
  | { readonly type: "ended"; readonly outcome: Outcome };

export interface FederationOptions {
  readonly issuer: string;
  readonly discovery: Discovery;
  readonly call: CallServer;
  readonly now: () => number;
  readonly log: (error: unknown) => void;
}

/** Claims of the person that may be sent; those that are not sent stay unknown there. */
export type ClaimsFor = (names: readonly string[]) => Awaitable<Readonly<Record<string, unknown>>>;

export class Federation {
  readonly #options: FederationOptions;

  constructor(options: FederationOptions) {
    this.#options = options;
  }

  /** Asks for a token. */
  async start(request: AccessRequest, claimsFor: ClaimsFor): Promise<AccessStep> {
    return this.#guarded(async () => {
      const { discovery, call } = this.#options;
      const { accessServer, body } = request;
      const metadata = await discovery.metadata(documents.kinds.access, accessServer);
      const url = metadata.auth_token_endpoint;
      const reply = await call({ method: "POST", url, endpoint: "token", body });
      return this.#read(request, reply, undefined, claimsFor);
    });
  }

  /** Looks what has come of it. */
  async poll(request: AccessRequest, access: AccessState, claimsFor: ClaimsFor): Promise<AccessStep> {
    return this.#guarded(async () => {
      const reply = await this.#options.call({ method: "GET", url: access.location, endpoint: "pending" });
      return this.#read(request, reply, access, claimsFor);
    });
  }

  /** Passes the agent's answer on. */
  async answer(
    request: AccessRequest,
    access: AccessState,
    body: Readonly<Record<string, unknown>>,
    claimsFor: ClaimsFor,
  ): Promise<AccessStep> {
    return this.#guarded(async () => {
      const reply = await this.#options.call({
        method: "POST",
        url: access.location,
        endpoint: "pending",
        body,
      });
      return this.#read(request, reply, access, claimsFor);
    });
  }

  /** The agent no longer waits for it; where the call fails, it ends by itself. */
  async cancel({ location: url }: AccessState): Promise<void> {
    try {
      await this.#options.call({ method: "DELETE", url, endpoint: "pending" });
    } catch (error) {
      this.#options.log(error);
    }
  }

  async #guarded(run: () => Promise<AccessStep>): Promise<AccessStep> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Problem) return { type: "ended", outcome: failed(error) };
      this.#options.log(error);
      return {
        type: "ended",
        outcome: failed(asUnreachable("it did not answer, or its answer cannot be read")),
      };
    }
  }

  async #read(
    request: AccessRequest,
    reply: ServerReply,
    before: AccessState | undefined,
    claimsFor: ClaimsFor,
    steps = 1,
  ): Promise<AccessStep> {
    const { now, call } = this.#options;
    const { status, members } = reply;
    if (status === 200) return this.#deliver(request, members);
    const retrySeconds = secondsOf(reply.field("retry-after"));
    if (before !== undefined && (status === 429 || status === 503)) {
      const wait =
        status === 429 ? DEFAULT_WAIT_SECONDS + (retrySeconds ?? 0) : (retrySeconds ?? DEFAULT_WAIT_SECONDS);
      const access = { location: before.location, notBefore: now() + wait };
      return { type: "waiting", access, requirement: { requirement: "approval" }, status: "pending" };
    }
    if (status !== 202) return { type: "ended", outcome: terminal(reply) };

    const access = {
      location: locationOf(reply, before),
      notBefore: now() + (retrySeconds ?? DEFAULT_WAIT_SECONDS),
    };
    const field = reply.field(AAUTH_REQUIREMENT);
    const { requirement, url, code } = field === null ? { requirement: "approval" } : parseRequirement(field);
    switch (requirement) {
      case "interaction":
        return {
          type: "waiting",
          access,
          requirement: { requirement, url: url!, code: code! },
          status: members?.status === "interacting" ? "interacting" : "pending",
        };
      case "clarification":
        return { type: "question", access, clarification: clarificationOf(members) };
      case "claims": {
        const names = claimNamesOf(members);
        if (steps > MAX_STEPS) throw asUnreachable("it asks for claims again and again");
        const claims = await claimsFor(names);
        const body = Object.fromEntries(
          names.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]]),
        );
        const next = await call({ method: "POST", url: access.location, endpoint: "pending", body });
        return this.#read(request, next, access, claimsFor, steps + 1);
      }
      default:
        // What it waits for is its own affair, also where it has a name that is not known here.
        return { type: "waiting", access, requirement: { requirement: "approval" }, status: "pending" };
    }
  }

  /** Section 9.1.3: only the token that was asked for reaches the agent. */
  async #deliver(request: AccessRequest, members: ServerReply["members"]): Promise<AccessStep> {
    const { issuer, discovery, now } = this.#options;
    const { accessServer, audience, subject, scope, thumbprint, notAfter } = request;
    const token = members?.auth_token;
    if (typeof token !== "string") throw asUnreachable("its answer has no auth token");
    const own = { audience, trustedIssuers: [accessServer], discovery, now };
    const { claims, key } = await verifyAuthToken(token, own);
    const wanted = scopesOf(scope);
    const differs =
      (claims.ps !== issuer && "ps") || // hole T33
      (claims.sub !== subject && "sub") || // hole T33
      (key.thumbprint !== thumbprint && "cnf") || // hole T33
      (claims.exp > notAfter && "exp") || // hole T33
      (!scopesOf(claims.scope).every((word) => wanted.includes(word)) && "scope"); // hole T33a
    if (differs) throw asUnreachable(`its auth token is not what was asked for: ${differs}`);
    return { type: "token", token, claims };
  }
}

export const asUnreachable = (why: string): Problem =>
  new Problem(502, "as_unreachable", `no auth token could be had from the access server: ${why}`);

export const deliveredOutcome = (token: string, expiresIn: number): Outcome =>
  succeeded({ auth_token: token, expires_in: expiresIn });

/** What ends a request there ends it here, in the access server's own words where it has any. */
function terminal({ status, members }: ServerReply): Outcome {
  const { error, detail } = members ?? {};
  // A relayed 402 would ask the agent to pay this server (section 11.8.4).
  if (status === 402) return failed(asUnreachable("it wants to be paid, which is not supported"));
  // That our own signature is refused there is nothing that the agent can act on.
  if (status === 401 || status < 400 || typeof error !== "string" || !/^[a-z_]{1,64}$/.test(error)) {
    return failed(asUnreachable(`it answered with status ${status}`));
  }
  const text = typeof detail === "string" ? detail.slice(0, MAX_DETAIL_CHARACTERS) : undefined;
  return { status, body: { error, ...(text !== undefined && { detail: text }) } };
}

function locationOf(reply: ServerReply, before: AccessState | undefined): string {
  const named = reply.field("location");
  if (named === null && before !== undefined) return before.location;
  const url = named === null ? null : URL.parse(named, reply.url);
  // hole T34
  if (url === null || url.origin !== new URL(reply.url).origin) {
    throw asUnreachable("it promises its answer at another origin, or nowhere");
  }
  return url.href;
}

function clarificationOf(members: ServerReply["members"]): Clarification {
  const { clarification: question, timeout, options } = members ?? {};
  if (typeof question !== "string" || question === "") throw asUnreachable("it asks without a question");
  const isList = Array.isArray(options) && options.every((option) => typeof option === "string");
  return {
    question,
    ...(isList && { options: options as readonly string[] }),
    ...(typeof timeout === "number" && timeout > 0 && { timeoutSeconds: timeout }),
  };
}

/** `sub` is in every token, and is never asked for (section 9.2). */
function claimNamesOf(members: ServerReply["members"]): readonly string[] {
  const names = members?.required_claims;
  const isList =
    Array.isArray(names) &&
    names.length <= MAX_CLAIMS &&
    names.every((name) => typeof name === "string" && name !== "");
  if (!isList) throw asUnreachable("it asks for claims without naming them");
  if (names.includes("sub")) throw asUnreachable("it asks for sub, which is in every token"); // hole T34
  return names as readonly string[];
}

function secondsOf(value: string | null): number | undefined {
  return value !== null && /^\d{1,6}$/.test(value.trim()) ? Number(value) : undefined;
}
