import { AAuthVerificationError, type ProvenCaller, type Requirement } from "aauth";
import { february2026 } from "aauth/february-2026";
import {
  type Challenger,
  checkRequirement,
  type PendingRequest,
  receivedFields,
  type Verifier,
} from "aauth/resource";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { sendAnswer, serveEndpoints } from "./endpoints.ts";
import { type CountRequest, createLevelLimiter, type LevelLimits, registerLimiter } from "./level-limits.ts";
import type { FastifyAAuthOptions, RouteRequirement } from "./options.ts";
import { BodyTooLargeError, readRawBody, replayBody } from "./raw-body.ts";
import { answerTo, isVerdict, VerificationUnavailableError } from "./refusal.ts";
import { type Parts, partsOf } from "./resource-parts.ts";
import { serveResourceTokens } from "./resource-tokens.ts";
import { serveWellKnown } from "./well-known.ts";

const PENDING = Symbol("the request before its body");

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call this route. A route without it does not register. */
    aauth?: RouteRequirement;
    /** How often a proven caller may call it, by its level. Default: as often as it likes. */
    aauthLimits?: LevelLimits;
  }
  interface FastifyInstance {
    /** What verifies and answers in this scope: for endpoints that are made with it. */
    aauth: { readonly verifier: Verifier; readonly challenger: Challenger | undefined };
  }
  interface FastifyRequest {
    /** The proven caller; `null` on public routes. */
    caller: ProvenCaller | null;
    /** The body exactly as it was signed; `null` on public routes. */
    rawBody: Buffer | null;
    /** What is known of the request while its body is on its way. */
    [PENDING]: PendingRequest | null;
  }
}

/** As a verifier's. */
const AUTHORITY = /^[^/?#@\sA-Z]+$/;

/**
 * Verifies every request of its scope before any handler runs: the signature in `onRequest`, before a byte of the
 * body is read; the digest in `preParsing`, before a parser sees it. `request.caller` exists only after both.
 *
 * Each route declares `config: { aauth: "public" | Requirement }`; one that does not makes registration throw.
 * Register it inside a scope (`app.register(async (scope) => { await scope.register(fastifyAAuth, …) })`) when the
 * instance also has routes that are none of its business, such as a health check.
 *
 * A route with `config.aauthLimits` takes so many requests from a proven caller, by its level, and answers the next one with 429,
 * `Retry-After` and the `Agent-Auth` that would raise the limit. Requests that are refused are not counted.
 *
 * Refusals are the challenger's, with `Agent-Auth`. It does NOT judge whether an identified agent is welcome: that is
 * the handler's, or `trustedAgents` of the verifier.
 *
 * @throws TypeError from the registration for options that mix the two forms, and for an identifier that is not canonical.
 * @throws RangeError from the registration for a `maxBodyBytes` that is not a whole number.
 * @throws TypeError from the registration for an authority that is not lower-case host[:port] or that the verifier does not serve, for a
 * challenger of another resource than the verifier's audience, and for a document about another resource.
 * @throws TypeError from the registration where it is registered already.
 * @throws TypeError from a route's registration for a requirement that is missing, unknown, or that the verifier can never meet, for level
 * authorized without a challenger, in draft -11 for a scope without description, and for invalid limits.
 *
 * @example
 * ```ts
 * await scope.register(fastifyAAuth, { resource: "https://reports.example", authServer: "https://auth.example", key });
 * scope.post("/", { config: { aauth: { level: "authorized", scopes: ["data:read"] } } }, async ({ caller }) => {
 *   return { hello: caller?.agent };
 * });
 * ```
 */
export const fastifyAAuth = fp<FastifyAAuthOptions>(registerVerifier, {
  name: "fastify-aauth",
  fastify: "5.x",
});

async function registerVerifier(app: FastifyInstance, options: FastifyAAuthOptions): Promise<void> {
  if (app.hasRequestDecorator(PENDING)) {
    throw new TypeError(
      "fastifyAAuth is registered already, here or in an enclosing scope: a scope has one verifier",
    );
  }
  const parts = partsOf(options);
  const { authority, verifier, challenger } = parts;
  if (typeof authority === "string" && !AUTHORITY.test(authority)) {
    throw new TypeError("authority must be lower-case host[:port], or a function that picks one");
  }
  requireOneParty(parts);
  const { profiles = [february2026] } = verifier;
  const signatureFields = new Set(
    profiles.flatMap(({ messages: { fields } }) => [
      fields.signature,
      fields.signatureKey,
      fields.signatureInput,
    ]),
  );
  const { maxBodyBytes } = options;
  // Nothing is larger than NaN, nor than "1mb".
  if (maxBodyBytes !== undefined && !(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes >= 0)) {
    throw new RangeError("maxBodyBytes must be a whole number of bytes");
  }
  const observe = options.observer && harmless(options.observer);
  const limiters = new WeakMap<LevelLimits, CountRequest>();
  app.decorate("aauth", { verifier, challenger });
  app.decorateRequest("caller", null);
  app.decorateRequest(PENDING, null);
  app.decorateRequest("rawBody", null);
  await registerLimiter(app);

  app.addHook("onRoute", (route) => {
    const requirement = route.config?.aauth;
    if (requirement === undefined) {
      throw new TypeError(`route ${route.method} ${route.url} does not declare config.aauth`);
    }
    const named = `route ${route.method} ${route.url}`;
    requireMeant(requirement, `config.aauth of ${named}`, parts);
    if (demandsToken(requirement) && !challenger) {
      throw new TypeError(`${named} demands an auth token, but no challenger is configured`);
    }
    const limits = route.config?.aauthLimits;
    if (limits === undefined) return;
    if (requirement === "public" || !challenger) {
      throw new TypeError(`${named} has limits by level, which needs proven callers and a challenger`);
    }
    if (!limiters.has(limits)) limiters.set(limits, createLevelLimiter(app, limits));
  });

  app.addHook("onRequest", async (request, reply) => {
    const requirement = requirementOf(request);
    if (requirement === "public") return;
    const signatureHeaders = [...signatureFields].filter((name) => request.headers[name] !== undefined);
    observe?.({ type: "request_received", signatureHeaders }, request);
    try {
      const pending = await verifier.begin(
        {
          method: request.method,
          // Not `request.raw.url`, which `rewriteUrl` changes.
          target: options.target?.(request) ?? request.originalUrl,
          headers: receivedFields(request.raw),
          authority: typeof authority === "string" ? authority : authority(request),
        },
        requirement,
      );
      request[PENDING] = pending;
    } catch (error) {
      return refuse(error, requirement, request, reply);
    }
  });

  app.addHook("preParsing", async (request, reply, payload) => {
    const requirement = requirementOf(request);
    if (requirement === "public") return payload;
    const maxBytes = maxBodyBytes ?? request.routeOptions.bodyLimit;
    const body = await readRawBody(payload as never, maxBytes).catch((error: unknown) => {
      // The rest is of unknown length.
      if (error instanceof BodyTooLargeError) reply.header("connection", "close");
      throw error;
    });
    const pending = request[PENDING];
    if (!pending) throw new VerificationUnavailableError("the request was not verified before its body");
    request[PENDING] = null;
    try {
      const verified = await pending.complete(body);
      request.caller = verified.caller;
      request.rawBody = body;
      observe?.({ type: "request_verified", verified, requirement }, request);
    } catch (error) {
      return refuse(error, requirement, request, reply) as never;
    }
    const { aauthLimits } = request.routeOptions.config;
    const refused = aauthLimits && (await refuseBeyondLimit(aauthLimits, request, reply));
    return (refused as never) ?? replayBody(body);
  });

  if (parts.wellKnown) serveWellKnown(app, parts.wellKnown);
  if (parts.resourceTokens) await serveResourceTokens(app, parts.resourceTokens);
  await serveEndpoints(app, parts.endpoints, { target: options.target });

  async function refuseBeyondLimit(limits: LevelLimits, request: FastifyRequest, reply: FastifyReply) {
    const { caller } = request;
    const count = limiters.get(limits);
    if (!count || !challenger || caller === null)
      throw new VerificationUnavailableError("the route's limits are not known");
    const limit = await count(request, caller);
    if (limit === undefined) return undefined;
    const { retryAfterSeconds } = limit;
    const challenge = await challenger.limitReached(caller, {
      retryAfterSeconds,
      // An authorized caller has that token already.
      ...(limit.level === "identified" && limits.scopes && { raisedBy: limits.scopes }),
    });
    observe?.({ type: "request_limited", caller, limit, challenge }, request);
    return sendAnswer(reply, challenge);
  }

  async function refuse(
    error: unknown,
    requirement: Requirement,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    if (!isVerdict(error)) throw new VerificationUnavailableError(error);
    const challenge = await answerTo(parts, error, requirement);
    observe?.({ type: "request_refused", error, requirement, challenge }, request);
    return sendAnswer(reply, challenge);
  }
}

/**
 * Verifier, challenger and documents are about one service, as far as they name it: with an authority that is not served each request would
 * be refused, and so would a token for another resource than the audience.
 */
function requireOneParty({ authority, verifier, challenger, wellKnown }: Parts): void {
  const { authorities, audience } = verifier;
  if (typeof authority === "string" && authorities !== undefined && !authorities.includes(authority)) {
    throw new TypeError(
      `authority must be one that the verifier serves (${authorities.join(", ")}), not ${authority}`,
    );
  }
  const resource = challenger?.resource;
  if (resource !== undefined && audience !== undefined && resource !== audience) {
    throw new TypeError(
      `the challenger's resource must be the verifier's audience, ${audience}, not ${resource}`,
    );
  }
  const published = wellKnown?.resource?.resource;
  if (published !== undefined && resource !== undefined && published !== resource) {
    throw new TypeError(
      `wellKnown.resource must be about the challenger's resource, ${resource}, not ${published}`,
    );
  }
}

/** Whether a requirement, or one of its alternatives, is met by a token alone. */
function demandsToken(requirement: RouteRequirement | undefined): boolean {
  if (requirement === undefined || requirement === "public") return false;
  const { level, scopes = [], or } = requirement;
  return level === "authorized" || scopes.length > 0 || demandsToken(or);
}

/** An observer that throws must not change what it watches. */
function harmless(observer: NonNullable<FastifyAAuthOptions["observer"]>): typeof observer {
  return (event, request) => {
    try {
      observer(event, request);
    } catch (error) {
      request.log.error({ err: error, event: event.type }, "the observer of verifications threw");
    }
  };
}

/** Without scopes there would be no challenge that could cure a refusal, and any token at all would be let in. */
function requireMeant(requirement: RouteRequirement, name: string, { verifier, challenger }: Parts): void {
  if (requirement === "public") return;
  try {
    challenger?.checkRequirement?.(requirement);
    if (verifier.checkRequirement) verifier.checkRequirement(requirement);
    else checkRequirement(requirement, verifier.profiles ?? [february2026]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "malformed";
    throw new TypeError(`${name} must be "public" or a requirement: ${reason}`, { cause });
  }
}

/** A path that matches no route has nothing to protect; every other route without a requirement is refused. */
function requirementOf(request: FastifyRequest): RouteRequirement {
  if (request.is404) return "public";
  const requirement = request.routeOptions.config.aauth;
  if (requirement === undefined) {
    throw new VerificationUnavailableError(
      new AAuthVerificationError("authorization_required", "the route declares no requirement"),
    );
  }
  return requirement;
}
