/**
 * A person server as client of access servers: token requests in its own name, polling, and
 * responses (draft -11, sections 9.1 to 9.3).
 *
 * @module
 */

import type { DeferredRequirement } from "../deferred/deferred-requests.ts";
import type { AuthTokenClaims } from "../draft-11/claims.ts";
import { readQuestion } from "../draft-11/deferred.ts";
import { documents } from "../draft-11/documents.ts";
import { parseRequirement } from "../draft-11/headers.ts";
import { AAUTH_REQUIREMENT } from "../draft-11/names.ts";
import { problemAnswer } from "../draft-11/problem.ts";
import { verifyAuthToken } from "../draft-11/verify-tokens.ts";
import type { IssuedToken } from "../tokens/issue-token.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { Answer } from "../types.ts";
import { failed, Problem } from "./answers.ts";
import type { PersonContext, PersonRequest } from "./person-server-types.ts";
import type { ServerReply } from "./server-calls.ts";
import { grantedScopes, tokenOutcome } from "./token-pair.ts";

/** Limit of repeated requests for claims, so that one server cannot keep another busy. */
const MAX_STEPS = 5;
const DEFAULT_WAIT_SECONDS = 5;
const MAX_DETAIL_CHARACTERS = 1_000;
const MAX_CLAIMS = 50;

type FederationContext = Pick<
  PersonContext,
  "issuer" | "discovery" | "call" | "now" | "report" | "records" | "options" | "pending"
>;

/** Requests of a person server to access servers. */
export class Federation {
  readonly #context: FederationContext;

  constructor(context: FederationContext) {
    this.#context = context;
  }

  /** Requests the granted token or polls for it. Undefined while it is pending. */
  async give(record: PersonRequest): Promise<Answer | undefined> {
    const { discovery, call, now } = this.#context;
    const { access } = record.work;
    if (access !== undefined) {
      if (now() < access.notBefore) return undefined;
      return this.#take(record, () => call({ method: "GET", url: access.location, endpoint: "pending" }));
    }
    const accessServer = await this.#markShown(record);
    return this.#take(record, async () => {
      const { auth_token_endpoint: url } = await discovery.metadata(documents.kinds.access, accessServer);
      return call({ method: "POST", url, endpoint: "token", body: record.work.tokens });
    });
  }

  /** Forwards the agent's answer. */
  async forward(record: PersonRequest, body: Readonly<Record<string, unknown>>): Promise<Answer | undefined> {
    // An updated request may present another token.
    await this.#markShown(record);
    const { location: url } = record.work.access!;
    return this.#take(record, () => this.#context.call({ method: "POST", url, endpoint: "pending", body }));
  }

  /** Cancels the request at the access server. If that fails, it expires there. */
  async cancel({ work: { access } }: Pick<PersonRequest, "work">): Promise<void> {
    const { call, report } = this.#context;
    if (access === undefined) return;
    try {
      await call({ method: "DELETE", url: access.location, endpoint: "pending" });
    } catch (error) {
      report(error);
    }
  }

  async #markShown({ work }: PersonRequest): Promise<string> {
    const { resource, presented } = work.pair!;
    await this.#context.records.markShown(presented, resource.aud);
    return resource.aud;
  }

  /** Sends a request, and records the token if the response contains one. */
  async #take(record: PersonRequest, send: () => Promise<ServerReply>): Promise<Answer | undefined> {
    const { records, now, report } = this.#context;
    let result: Answer | IssuedToken<AuthTokenClaims> | undefined;
    try {
      result = await this.#read(record, await send());
    } catch (error) {
      if (error instanceof Problem) return failed(error);
      report(error);
      return failed(asUnreachable("it did not respond, or its response is invalid"));
    }
    if (result === undefined || !("token" in result)) return result;
    await records.keep("auth-token", result.claims, record);
    return tokenOutcome(result.token, result.claims.exp - now());
  }

  /** Reads a response. Undefined while the request waits, in which case its requirement is set. */
  async #read(
    record: PersonRequest,
    reply: ServerReply,
    claimsSent = 0,
  ): Promise<Answer | IssuedToken<AuthTokenClaims> | undefined> {
    const { now, call, options } = this.#context;
    const { work, asked } = record;
    const { status, members } = reply;
    if (status === 200) return this.#verified(record, members);
    const retrySeconds = secondsOf(reply.field("retry-after"));
    if (work.access !== undefined && (status === 429 || status === 503)) {
      const wait =
        status === 429 ? DEFAULT_WAIT_SECONDS + (retrySeconds ?? 0) : (retrySeconds ?? DEFAULT_WAIT_SECONDS);
      work.access = { ...work.access, notBefore: now() + wait };
      return waitFor(record, { requirement: "approval" });
    }
    if (status !== 202) return terminal(reply);

    // Later responses need not repeat `Location`.
    const location = reply.location ?? (reply.field("location") === null ? work.access?.location : undefined);
    if (location === undefined) throw asUnreachable("its response names no Location at its origin");
    work.access = { location, notBefore: now() + (retrySeconds ?? DEFAULT_WAIT_SECONDS) };
    const field = reply.field(AAUTH_REQUIREMENT);
    const { requirement, url, code } = field === null ? { requirement: "approval" } : parseRequirement(field);
    switch (requirement) {
      case "interaction": {
        const why =
          "the access server requires an interaction, and the agent cannot bring the person to its page";
        if (!asked.capabilities.includes("interaction")) return this.#giveUp(record, "user_unreachable", why);
        const isHere = members?.status === "interacting";
        return waitFor(record, { requirement, url: url!, code: code! }, isHere ? "interacting" : "pending");
      }
      case "clarification": {
        const question = readQuestion(members ?? {});
        if (question === undefined) throw asUnreachable("its clarification has no question");
        if (this.#context.pending.ask(record, question, "access") === "done") return undefined;
        return this.#giveUp(
          record,
          "denied",
          "the access server asked a question that the agent cannot answer",
        );
      }
      case "claims": {
        const names = claimNamesOf(members);
        if (claimsSent >= MAX_STEPS) throw asUnreachable("it requests claims too often");
        const claims = (await options.claimsOf?.(asked.person!, names, asked)) ?? {};
        const body = Object.fromEntries(names.map((name) => [name, claims[name]]));
        const next = await call({ method: "POST", url: location, endpoint: "pending", body });
        return this.#read(record, next, claimsSent + 1);
      }
      default:
        // The access server may wait for something that is unknown here.
        return waitFor(record, { requirement: "approval" });
    }
  }

  async #giveUp(record: PersonRequest, error: string, why: string): Promise<Answer> {
    await this.cancel(record);
    return failed(new Problem(403, error, why));
  }

  /** Verifies that a token is the requested one before it reaches the agent (section 9.1.3). */
  async #verified(
    { work, asked, grant }: PersonRequest,
    members: ServerReply["members"],
  ): Promise<IssuedToken<AuthTokenClaims>> {
    const { issuer, discovery, now } = this.#context;
    const { resource, presented } = work.pair!;
    const token = members?.auth_token;
    if (typeof token !== "string") throw asUnreachable("its response has no auth token");
    const own = { audience: resource.iss, trustedIssuers: [resource.aud], discovery, now };
    const { claims, key } = await verifyAuthToken(token, own);
    // It was asked for all scopes, so a token with a scope that was not granted is refused.
    const granted = grantedScopes(asked.scopes, grant?.scopes);
    const differs =
      (claims.ps !== issuer && "ps") || // hole T33
      (claims.sub !== resource.sub && "sub") || // hole T33
      (key.thumbprint !== resource.agent_jkt && "cnf") || // hole T33
      (claims.exp > presented.exp && "exp") || // hole T33
      (!scopesOf(claims.scope).every((scope) => granted.includes(scope)) && "scope"); // hole T33a: false
    if (differs) throw asUnreachable(`its auth token has an unexpected ${differs}`);
    return { token, claims };
  }
}

/** Sets the requirement that the agent receives. */
function waitFor(
  record: PersonRequest,
  requirement: DeferredRequirement,
  status: PersonRequest["status"] = "pending",
): undefined {
  record.requirement = requirement;
  record.status = status;
}

const asUnreachable = (why: string): Problem =>
  new Problem(502, "as_unreachable", `no auth token could be obtained from the access server: ${why}`);

/** Ends the request with the error of the access server, if it has one. */
function terminal({ status, members }: ServerReply): Answer {
  const { error, detail } = members ?? {};
  // A relayed 402 would ask the agent to pay this server (section 11.8.4).
  if (status === 402) return failed(asUnreachable("it requires payment, which is not supported"));
  // The agent cannot react to a refusal of this server's own signature.
  if (status === 401 || status < 400 || typeof error !== "string" || !/^[a-z_]{1,64}$/.test(error)) {
    return failed(asUnreachable(`it responded with status ${status}`));
  }
  const text = typeof detail === "string" ? detail.slice(0, MAX_DETAIL_CHARACTERS) : undefined;
  return problemAnswer(status, error, text);
}

/**
 * Reads the names of required claims. `sub` is in every token and must not be requested (section
 * 9.2).
 */
function claimNamesOf(members: ServerReply["members"]): readonly string[] {
  const names = members?.required_claims;
  const isList =
    Array.isArray(names) &&
    names.length <= MAX_CLAIMS &&
    names.every((name) => typeof name === "string" && name !== "");
  if (!isList) throw asUnreachable("it requests claims without valid names");
  if (names.includes("sub")) throw asUnreachable("it requests sub, which is in every token"); // hole T34
  return names as readonly string[];
}

function secondsOf(value: string | null): number | undefined {
  return value !== null && /^\d{1,6}$/.test(value.trim()) ? Number(value) : undefined;
}
