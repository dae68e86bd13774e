import { AAuthVerificationError, observerOf, type Requirement } from "aauth";
import { type Admission, type Resource, receivedFields, type Verifier } from "aauth/resource";
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
  // Renamed, because other plugins declare the same name.
  FastifySchema as Schema,
} from "fastify";
import type { FastifyRequestType } from "fastify/types/type-provider.js";
import fp from "fastify-plugin";
import { sendAnswer, serveEndpoints } from "./endpoints.ts";
import { type CountRequest, createLevelLimiter, type LevelLimits, registerLimiter } from "./level-limits.ts";
import type { CallerOfRoute, CommonOptions, FastifyAAuthOptions, RouteRequirement } from "./options.ts";
import { type Parts, partsOf } from "./parts.ts";
import { BodyTooLargeError, readRawBody, replayBody } from "./raw-body.ts";
import { VerificationUnavailableError } from "./unavailable.ts";

const PENDING = Symbol("the request before its body");

declare module "fastify" {
  interface FastifyContextConfig {
    /** Requirement on the route's callers. A route without it cannot be registered. */
    aauth?: RouteRequirement;
    /** Request limits of verified callers, by level. Default: none. */
    aauthLimits?: LevelLimits;
  }
  interface FastifyInstance {
    /** Verifier of this scope, and its resource, if any. */
    aauth: { readonly verifier: Verifier; readonly resource: Resource | undefined };
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
    /** The verified caller, with the members of the route's level; `null` on public routes. */
    caller: CallerOfRoute<ContextConfig>;
    /** The verified body; `null` on public routes. */
    rawBody: Buffer | null;
    /** The admission, which awaits the body. */
    [PENDING]: Pending | null;
  }
}

interface Pending {
  readonly admission: Promise<Admission>;
  receive(body: Uint8Array): void;
}

/**
 * Verifies every request of its scope before any handler runs: the signature in `onRequest`, before
 * a byte of the body is read; the digest in `preParsing`, before a parser sees it. `request.caller`
 * exists only after both, and `request.host` names the resource, whatever the client sent.
 *
 * Each route declares `config: { aauth: "public" | Requirement }`; one that does not makes
 * registration throw. Register it inside a scope (`app.register(async (scope) => { await
 * scope.register(fastifyAAuth, …) })`) if the instance also has unrelated routes, such as a health
 * check.
 *
 * `config.aauthLimits` limits the requests of verified callers to a route, by level. Beyond the
 * limit, the response is 429 with `Retry-After` and a challenge that would raise the limit. Refused
 * requests are not counted.
 *
 * The options are a resource, those of `createResource`, or a verifier alone.
 * Documents and endpoints of a resource are also served. Does NOT decide whether a verified agent
 * is allowed: the handler does, or `agentProviders` of the verifier.
 *
 * @throws TypeError from the registration for options that mix the forms, and for an identifier
 * that is not canonical.
 * @throws RangeError from the registration for a `maxBodyBytes` that is not a whole number.
 * @throws TypeError from the registration for an authority that the verifier does not serve.
 * @throws TypeError from the registration if it is already registered.
 * @throws TypeError from a route's registration for a requirement that is missing, unknown, or that
 *   the verifier can never meet, for scopes or limits without a resource, for a scope without the
 *   description that its profile requires, and for invalid limits.
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
  const { verifier, resource, endpoints } = gate;
  app.decorate("aauth", { verifier, resource });
  app.decorateRequest("caller", null);
  app.decorateRequest(PENDING, null);
  app.decorateRequest("rawBody", null);
  await registerLimiter(app);
  app.addHook("onRoute", (route) => checkRoute(app, gate, route));
  app.addHook("onRequest", (request, reply) => verifyHead(gate, request, reply));
  app.addHook("preParsing", (request, reply, payload) => verifyBody(gate, request, reply, payload));
  await serveEndpoints(app, endpoints, { target: options.target, observer: gate.observer });
}

type OwnObserver = NonNullable<CommonOptions["observer"]>;

/** State shared by the hooks of one registration. */
interface Gate extends Parts, CommonOptions {
  readonly observer: OwnObserver;
  /** Names of the signature fields of all profiles. */
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
  // Comparisons with NaN or "1mb" are always false.
  if (maxBodyBytes !== undefined && !(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes >= 0)) {
    throw new RangeError("maxBodyBytes must be a whole number of bytes");
  }
  const observer = observerOf(options.observer ?? errorsTo(parts.resource));
  return { ...parts, maxBodyBytes, target, observer, signatureFields, limiters: new WeakMap() };
}

/** A resource that was passed has an observer, which has already received each verification. */
function errorsTo(resource: Parts["resource"]): OwnObserver | undefined {
  if (resource === undefined) return undefined;
  return (event) => {
    if (event.type === "unexpected_error") resource.observer(event);
  };
}

/** @throws TypeError for a route without a requirement, or with one that no request could meet */
function checkRoute(app: FastifyInstance, gate: Gate, route: RouteOptions): void {
  const { verifier, resource, limiters } = gate;
  const requirement = route.config?.aauth;
  const named = `route ${route.method} ${route.url}`;
  if (requirement === undefined) throw new TypeError(`${named} does not declare config.aauth`);
  requireMeant(requirement, `config.aauth of ${named}`, gate);
  if (demandsScopes(requirement) && !resource) {
    throw new TypeError(`${named} demands an auth token, for which a verifier alone has no resource token`);
  }
  const limits = route.config?.aauthLimits;
  if (limits === undefined) return;
  if (requirement === "public" || !resource) {
    throw new TypeError(`${named} has limits by level, which needs proven callers and a resource`);
  }
  if (!limiters.has(limits)) limiters.set(limits, createLevelLimiter(app, limits, verifier.profiles));
}

async function verifyHead(gate: Gate, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { authority, target, observer } = gate;
  const requirement = requirementOf(request);
  if (requirement === "public") return undefined;
  const signatureHeaders = [...gate.signatureFields].filter((name) => request.headers[name] !== undefined);
  observer({ type: "request_received", signatureHeaders }, request);
  const head = Promise.withResolvers<undefined>();
  const body = Promise.withResolvers<Uint8Array>();
  const received = {
    method: request.method,
    // Not `request.raw.url`, which `rewriteUrl` changes.
    target: target?.(request) ?? request.originalUrl,
    headers: receivedFields(request.raw),
    authority,
    body: () => {
      head.resolve(undefined);
      return body.promise;
    },
  };
  const admission = gate.admit(received, requirement).catch((error: unknown) => {
    observer({ type: "unexpected_error", error }, request);
    throw new VerificationUnavailableError(error);
  });
  request[PENDING] = { admission, receive: body.resolve };
  // Without its body, a request can only be refused.
  const refused = await Promise.race([head.promise, admission]);
  return refused === undefined ? undefined : refuse(gate, refused, requirement, request, reply);
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
    // The length of the remaining body is unknown.
    if (error instanceof BodyTooLargeError) reply.header("connection", "close");
    throw error;
  });
  const pending = request[PENDING];
  if (!pending) throw new VerificationUnavailableError("the request was not verified before its body");
  request[PENDING] = null;
  pending.receive(body);
  const admission = await pending.admission;
  if (admission.answer !== undefined) return refuse(gate, admission, requirement, request, reply) as never;
  request.caller = admission.caller;
  request.raw.headers.host = gate.authority; // hole E16
  request.rawBody = body;
  gate.observer({ type: "request_verified", verified: admission, requirement }, request);
  const { aauthLimits } = request.routeOptions.config;
  const refused = aauthLimits && (await refuseBeyondLimit(gate, aauthLimits, request, reply));
  return (refused as never) ?? replayBody(body);
}

async function refuseBeyondLimit(
  { limiters, resource, observer }: Gate,
  limits: LevelLimits,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { caller } = request;
  const count = limiters.get(limits);
  if (!count || !resource || caller === null)
    throw new VerificationUnavailableError("the route's limits are not known");
  const limit = await count(request, caller);
  if (limit === undefined) return undefined;
  const { retryAfterSeconds, raisedBy } = limit;
  const challenge = await resource.limitReached(caller, { retryAfterSeconds, raisedBy });
  observer({ type: "request_limited", caller, limit, challenge }, request);
  return sendAnswer(reply, challenge);
}

function refuse(
  gate: Gate,
  admission: Admission,
  requirement: Requirement,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (admission.answer === undefined || admission.error === undefined)
    throw new VerificationUnavailableError("the request was admitted before its body");
  const { answer, error } = admission;
  gate.observer({ type: "request_refused", error, requirement, challenge: answer }, request);
  return sendAnswer(reply, answer);
}

/**
 * Whether a requirement, or one of its alternatives, has scopes, so that refusals may need a
 * resource token.
 */
function demandsScopes(requirement: RouteRequirement | undefined): boolean {
  if (requirement === undefined || requirement === "public") return false;
  return (requirement.scopes?.length ?? 0) > 0 || demandsScopes(requirement.or);
}

/**
 * Checks a requirement. Without scopes, no challenge would help a refused caller, and any token
 * would be accepted.
 */
function requireMeant(requirement: RouteRequirement, name: string, parts: Parts): void {
  if (requirement === "public") return;
  try {
    parts.checkRequirement(requirement);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "malformed";
    throw new TypeError(`${name} must be "public" or a requirement: ${reason}`, { cause });
  }
}

/**
 * The requirement of a request's route. An unmatched path needs none; any other route without a
 * requirement is refused.
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
