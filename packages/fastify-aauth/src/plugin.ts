import { AAuthVerificationError, type Requirement } from "aauth";
import {
  type Challenger,
  plainRefusal,
  receivedFields,
  type VerifiedHead,
  type Verifier,
} from "aauth/resource";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyTypeProvider,
  RawRequestDefaultExpression,
  RawServerBase,
  RequestPayload,
  RouteGenericInterface,
  RouteOptions,
  // Under another name: other plugins declare this one again, where it would be found instead.
  FastifySchema as Schema,
} from "fastify";
import type { FastifyRequestType } from "fastify/types/type-provider.js";
import fp from "fastify-plugin";
import { sendAnswer, serveEndpoints, serveGuarded } from "./endpoints.ts";
import { type CountRequest, createLevelLimiter, type LevelLimits, registerLimiter } from "./level-limits.ts";
import type { CallerOfRoute, CommonOptions, FastifyAAuthOptions, RouteRequirement } from "./options.ts";
import { type Parts, partsOf } from "./parts.ts";
import { BodyTooLargeError, readRawBody, replayBody } from "./raw-body.ts";
import { VerificationUnavailableError } from "./unavailable.ts";

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
  // The parameters are Fastify's own: a declaration that adds to an interface repeats them.
  interface FastifyRequest<
    RouteGeneric extends RouteGenericInterface,
    RawServer extends RawServerBase,
    RawRequest extends RawRequestDefaultExpression<RawServer>,
    SchemaCompiler extends Schema,
    TypeProvider extends FastifyTypeProvider,
    ContextConfig,
    Logger extends FastifyBaseLogger,
    RequestType extends FastifyRequestType,
  > {
    /**
     * The proven caller, with the members of the level that its route demands; `null` on public
     * routes.
     */
    caller: CallerOfRoute<ContextConfig>;
    /** The body exactly as it was signed; `null` on public routes. */
    rawBody: Buffer | null;
    /** What is known of the request while its body is on its way. */
    [PENDING]: VerifiedHead | null;
  }
}

/**
 * Verifies every request of its scope before any handler runs: the signature in `onRequest`, before
 * a byte of the body is read; the digest in `preParsing`, before a parser sees it. `request.caller`
 * exists only after both.
 *
 * Each route declares `config: { aauth: "public" | Requirement }`; one that does not makes
 * registration throw. Register it inside a scope
 * (`app.register(async (scope) => { await scope.register(fastifyAAuth, …) })`) when the instance
 * also has routes that are none of its business, such as a health check.
 *
 * A route with `config.aauthLimits` takes so many requests from a proven caller, by its level, and
 * answers the next one with 429, `Retry-After` and what would raise the limit. Requests that are
 * refused are not counted.
 *
 * It takes a resource, the options of `createResource`, or a verifier and its challenger. Documents
 * and endpoints of a resource are served, too. It does NOT judge whether a proven agent is welcome:
 * that is the handler's, or `trustedAgents` of the verifier.
 *
 * @throws TypeError from the registration for options that mix the forms, and for an identifier
 * that is not canonical.
 * @throws RangeError from the registration for a `maxBodyBytes` that is not a whole number.
 * @throws TypeError from the registration for an authority that is not lower-case host[:port] or
 * that the verifier does not serve, for a challenger of another resource than the verifier's
 * audience, and for a document about another resource.
 * @throws TypeError from the registration where it is registered already.
 * @throws TypeError from a route's registration for a requirement that is missing, unknown, or that
 * the verifier can never meet, for scopes without a challenger, for a scope without the description
 * that its profile wants, and for invalid limits.
 *
 * @example
 * ```ts
 * const resource = createResource({ resource: "https://reports.example", key, personServers: ["https://ps.example"] });
 * await scope.register(fastifyAAuth, { resource });
 * scope.get("/reports", { config: { aauth: { level: "person-token" } } }, async ({ caller }) => caller.person.sub);
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
  const gate = gateOf(options);
  const { verifier, challenger, endpoints } = gate;
  app.decorate("aauth", { verifier, challenger });
  app.decorateRequest("caller", null);
  app.decorateRequest(PENDING, null);
  app.decorateRequest("rawBody", null);
  await registerLimiter(app);
  app.addHook("onRoute", (route) => checkRoute(app, gate, route));
  app.addHook("onRequest", (request, reply) => verifyHead(gate, request, reply));
  app.addHook("preParsing", (request, reply, payload) => verifyBody(gate, request, reply, payload));
  const guarded = endpoints.flatMap((own) => ("requirement" in own ? [own] : []));
  const others = endpoints.filter((own) => !("requirement" in own));
  await serveGuarded(app, guarded);
  await serveEndpoints(app, others, { target: options.target });
}

/** State that the hooks of one registration share. */
interface Gate extends Parts, CommonOptions {
  /** Names of the fields that any of the profiles signs with. */
  readonly signatureFields: ReadonlySet<string>;
  readonly limiters: WeakMap<LevelLimits, CountRequest>;
}

function gateOf(options: FastifyAAuthOptions): Gate {
  const parts = partsOf(options);
  const { maxBodyBytes, target } = options;
  const signatureFields = new Set(
    parts.verifier.profiles.flatMap(({ messages: { fields } }) => [
      fields.signature,
      fields.signatureKey,
      fields.signatureInput,
    ]),
  );
  // Nothing is larger than NaN, nor than "1mb".
  if (maxBodyBytes !== undefined && !(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes >= 0)) {
    throw new RangeError("maxBodyBytes must be a whole number of bytes");
  }
  const observer = options.observer && harmless(options.observer);
  return { ...parts, maxBodyBytes, target, observer, signatureFields, limiters: new WeakMap() };
}

/** @throws TypeError for a route without a requirement, or with one that no request could meet */
function checkRoute(app: FastifyInstance, gate: Gate, route: RouteOptions): void {
  const { verifier, challenger, limiters } = gate;
  const requirement = route.config?.aauth;
  const named = `route ${route.method} ${route.url}`;
  if (requirement === undefined) throw new TypeError(`${named} does not declare config.aauth`);
  requireMeant(requirement, `config.aauth of ${named}`, gate);
  if (demandsScopes(requirement) && !challenger) {
    throw new TypeError(`${named} demands an auth token, but no challenger is configured`);
  }
  const limits = route.config?.aauthLimits;
  if (limits === undefined) return;
  if (requirement === "public" || !challenger) {
    throw new TypeError(`${named} has limits by level, which needs proven callers and a challenger`);
  }
  if (!limiters.has(limits)) limiters.set(limits, createLevelLimiter(app, limits, verifier.profiles));
}

async function verifyHead(gate: Gate, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { authority, verifier, target, observer } = gate;
  const requirement = requirementOf(request);
  if (requirement === "public") return undefined;
  const signatureHeaders = [...gate.signatureFields].filter((name) => request.headers[name] !== undefined);
  observer?.({ type: "request_received", signatureHeaders }, request);
  try {
    request[PENDING] = await verifier.begin(
      {
        method: request.method,
        // Not `request.raw.url`, which `rewriteUrl` changes.
        target: target?.(request) ?? request.originalUrl,
        headers: receivedFields(request.raw),
        authority: typeof authority === "string" ? authority : authority(request),
      },
      requirement,
    );
    return undefined;
  } catch (error) {
    return refuse(gate, error, requirement, request, reply);
  }
}

async function verifyBody(
  gate: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: RequestPayload,
): Promise<RequestPayload> {
  const requirement = requirementOf(request);
  if (requirement === "public") return payload;
  const maxBytes = gate.maxBodyBytes ?? request.routeOptions.bodyLimit;
  const body = await readRawBody(payload as never, maxBytes).catch((error: unknown) => {
    // The rest of the body has an unknown length.
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
    gate.observer?.({ type: "request_verified", verified, requirement }, request);
  } catch (error) {
    return refuse(gate, error, requirement, request, reply) as never;
  }
  const { aauthLimits } = request.routeOptions.config;
  const refused = aauthLimits && (await refuseBeyondLimit(gate, aauthLimits, request, reply));
  return (refused as never) ?? replayBody(body);
}

async function refuseBeyondLimit(
  { limiters, challenger, observer }: Gate,
  limits: LevelLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { caller } = request;
  const count = limiters.get(limits);
  if (!count || !challenger || caller === null)
    throw new VerificationUnavailableError("the route's limits are not known");
  const limit = await count(request, caller);
  if (limit === undefined) return undefined;
  const { retryAfterSeconds, raisedBy } = limit;
  const challenge = await challenger.limitReached(caller, {
    retryAfterSeconds,
    ...(raisedBy && { raisedBy }),
  });
  observer?.({ type: "request_limited", caller, limit, challenge }, request);
  return sendAnswer(reply, challenge);
}

async function refuse(
  gate: Gate,
  error: unknown,
  requirement: Requirement,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (!(error instanceof AAuthVerificationError)) throw new VerificationUnavailableError(error);
  const { challenger, verifier } = gate;
  const challenge =
    challenger === undefined
      ? plainRefusal(error, { requirement }, verifier.profiles)
      : await challenger.challengeFor(error, { requirement });
  gate.observer?.({ type: "request_refused", error, requirement, challenge }, request);
  return sendAnswer(reply, challenge);
}

/**
 * Whether a requirement, or one of its alternatives, has scopes: then the answer to who lacks them
 * has a resource token.
 */
function demandsScopes(requirement: RouteRequirement | undefined): boolean {
  if (requirement === undefined || requirement === "public") return false;
  return (requirement.scopes?.length ?? 0) > 0 || demandsScopes(requirement.or);
}

/** An observer that throws must not change what it watches. */
function harmless(observer: NonNullable<FastifyAAuthOptions["observer"]>): typeof observer {
  return (event, request) => {
    const failed = (error: unknown) =>
      request.log.error({ err: error, event: event.type }, "the observer of verifications threw");
    try {
      Promise.resolve(observer(event, request)).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

/**
 * Without scopes there would be no challenge that could cure a refusal, and any token at all would
 * be let in.
 */
function requireMeant(requirement: RouteRequirement, name: string, { verifier, challenger }: Parts): void {
  if (requirement === "public") return;
  try {
    challenger?.checkRequirement?.(requirement);
    verifier.checkRequirement(requirement);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "malformed";
    throw new TypeError(`${name} must be "public" or a requirement: ${reason}`, { cause });
  }
}

/**
 * A path that matches no route has nothing to protect; every other route without a requirement is
 * refused.
 */
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
