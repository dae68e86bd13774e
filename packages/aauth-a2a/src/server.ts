import type { AgentCard } from "@a2a-js/sdk";
import type { ProvenCaller, Requirement } from "aauth";
import { type GateOptions, protect, serveResource } from "aauth/fetch";
import type { Resource } from "aauth/resource";
import { type A2AHandlerOptions, CALLER, createA2AHandler } from "./handler.ts";
import { errorResponse, JsonRpcError, MAX_BODY_BYTES, parseBody } from "./json-rpc.ts";
import { CARD_FIELDS, CARD_PATHS, cardForms, EXTENDED_CARD_PATH } from "./legacy-agent-card.ts";

/** An agent that is also a resource: the requirement on its callers, and its executor. */
export interface A2AServerOptions<Name extends string>
  extends Omit<A2AHandlerOptions, "observer">,
    GateOptions {
  readonly resource: Resource<Name>;
  /** For messages, and for the extended card. The public card is open to everyone. */
  readonly requirement: Requirement<Name>;
}

/**
 * Creates the `fetch` of an A2A agent, for Hono, Workers, Bun, Deno and Next: JSON-RPC at the path
 * of the card's address, the card at `/.well-known/agent-card.json` and `/.well-known/agent.json`,
 * the extended card at `/agent/authenticatedExtendedCard`, and what the resource publishes. Any
 * other path is answered 404. The executor gets the caller by {@link callerOf}.
 *
 * Errors of the protocol are JSON-RPC errors under HTTP 200. The resource's observer receives an
 * error of the executor. Does NOT listen or limit rates.
 *
 * @throws {TypeError} when a card has no 0.3 form, and as `createA2AHandler` and `protect` of
 * `aauth/fetch`
 *
 * @example
 * export default { fetch: await createA2AServer({ resource, requirement: { level: "person-token" }, card, executor }) };
 */
export async function createA2AServer<Name extends string>(
  options: A2AServerOptions<Name>,
): Promise<(request: Request) => Promise<Response>> {
  const { resource, requirement, card, extendedCard, maxBodyBytes = MAX_BODY_BYTES, bodyTimeoutMs } = options;
  const handle = createA2AHandler({ ...options, observer: resource.observer });
  const bounds = { maxBodyBytes, bodyTimeoutMs };
  const answer = protect(
    resource,
    requirement,
    async (request, caller) => {
      const body = new Uint8Array(await request.arrayBuffer());
      const state = new Map<string, ProvenCaller>([[CALLER, caller]]);
      return Response.json(await rpcAnswer(request.headers, body, (message) => handle(message, { state })));
    },
    bounds,
  );
  const publicCard = await cardServer(card);
  const provenCard = extendedCard && protect(resource, requirement, await cardServer(extendedCard), bounds);
  const routes = new Map<string, (request: Request) => Promise<Response> | Response>([
    [`POST ${rpcPathOf(card)}`, answer],
    ...CARD_PATHS.map((path) => [`GET ${path}`, publicCard] as const),
    ...(provenCard ? [[`GET ${EXTENDED_CARD_PATH}`, provenCard] as const] : []),
  ]);
  const own = serveResource(resource, bounds);
  return async (request) => {
    const route = routes.get(`${request.method} ${new URL(request.url).pathname}`);
    if (route !== undefined) return route(request);
    return (await own(request)) ?? new Response(null, { status: 404 });
  };
}

async function rpcAnswer(
  headers: Headers,
  body: Uint8Array,
  handle: (message: { body: unknown; version: string | undefined }) => Promise<object>,
): Promise<object> {
  try {
    const contentType = headers.get("content-type") ?? undefined;
    const value = body.byteLength === 0 ? undefined : parseBody(contentType, body);
    return await handle({ body: value, version: headers.get("a2a-version") || undefined });
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error;
    return errorResponse(error.kind, error.id);
  }
}

async function cardServer(card: AgentCard): Promise<(request: Request) => Response> {
  const formFor = await cardForms(card);
  return ({ headers }) =>
    Response.json(formFor(headers.get("a2a-version") ?? undefined), { headers: CARD_FIELDS });
}

/** @throws TypeError for a card without an absolute address */
const rpcPathOf = ({ supportedInterfaces }: AgentCard): string =>
  new URL(supportedInterfaces[0]?.url ?? "").pathname;
