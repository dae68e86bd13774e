import {
  createMemoryStores,
  type ProvenCaller,
  type Requirement,
  StoreFullError,
  type Stores,
  StoreUnavailableError,
} from "aauth";
import { type GateOptions, protect } from "aauth/fetch";
import type { Resource } from "aauth/resource";
import { authInfoOf, type McpAuthInfo } from "./auth-info.ts";
import { type RpcRefusal, refusal, type ToolCalls, toolCallsIn } from "./rpc.ts";
import { McpSessions, type SessionHolder } from "./sessions.ts";

/**
 * The server of the SDK, as both lines have it: `handleRequest` of a transport in SDK 1, `fetch` of
 * a handler in SDK 2.
 */
export type McpHandler = (
  request: Request,
  options: { readonly authInfo: McpAuthInfo; readonly parsedBody?: unknown },
) => Promise<Response> | Response;

/** The demands and bounds of a gate. */
export interface McpGateOptions<Name extends string> extends GateOptions {
  /**
   * Requirement of each tool, by its name, beside the gate's. A tool that is not named here is not
   * called. Default: any tool, by each caller that the gate lets in.
   */
  readonly tools?: Readonly<Record<string, Requirement<Name>>> | undefined;
  /** Stores of the sessions' callers; replicas share them. Default: in memory. */
  readonly stores?: Pick<Stores, "records"> | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Lets messages of MCP (Streamable HTTP) reach the SDK's server whose callers meet the requirement,
 * and answers all others, as `protect` of `aauth/fetch` does. A session belongs to the caller that
 * has opened it: any other gets 404. Each call in a body is checked by the name of its tool; a
 * caller that lacks what the tool needs is challenged by 401.
 *
 * Handlers of the SDK get the caller by {@link callerOf}, and no field with its token or signature.
 * A caller's auth token is `grant.token`, for a call to the next hop, and is in no copy and no log
 * of the caller. Does NOT limit rates or the number of sessions that the SDK keeps, look at
 * resources and prompts by name, or end a stream when the token expires that it was opened with.
 *
 * @throws TypeError and RangeError as `protect`; TypeError for a tool that needs another token than
 * the gate admits
 *
 * @example
 * export default { fetch: protectMcp(resource, { level: "person-token" }, createMcpHandler(createServer).fetch) };
 */
export function protectMcp<Name extends string>(
  resource: Resource<Name>,
  requirement: Requirement<Name>,
  handler: McpHandler,
  options: McpGateOptions<Name> = {},
): (request: Request) => Promise<Response> {
  const { tools, now = () => Math.floor(Date.now() / 1000), stores = createMemoryStores({ now }) } = options;
  for (const own of Object.values(tools ?? {})) checkTool(resource, requirement, own);
  const sessions = new McpSessions(stores.records<SessionHolder>(`mcp sessions ${resource.id}`), now);
  const withheld = fieldsWithCredentials(resource);

  return protect(
    resource,
    requirement,
    async (request, caller: ProvenCaller) => {
      const session = request.headers.get(SESSION_FIELD);
      const lack = await sessionProblem(request, session, caller, sessions).catch(ofStore);
      if (lack !== undefined) return refusal(lack);
      // Servers on Node give each DELETE a body, without a byte in it.
      const body = (await request.text()) || undefined;
      const parsed = parsedBody(body);
      if (parsed === undefined) return refusal("parseError");
      const calls = toolCallsIn(parsed.parsedBody);
      if (calls === undefined) return refusal("invalidParams");
      const refused = tools && (await refuseTools(resource, caller, calls, { ofGate: requirement, tools }));
      if (refused !== undefined) return refused;
      const authInfo = authInfoOf(caller, resource.id);
      const response = await handler(without(withheld, request, body), { authInfo, ...parsed });
      // The SDK has ended it: a record that a store keeps leads nowhere.
      if (request.method === "DELETE" && response.ok && session !== null)
        await sessions.end(session).catch(ofStore);
      const opened = response.headers.get(SESSION_FIELD);
      if (opened === null || opened === session) return response;
      let problem: RpcRefusal = "sessionTaken";
      try {
        if (await sessions.bind(opened, caller)) return response;
      } catch (error) {
        problem = ofStore(error);
        // hole M9
        const end = await handler(without(withheld, deletionOf(opened, request), undefined), { authInfo });
        await end.body?.cancel();
      }
      await response.body?.cancel();
      return refusal(problem);
    },
    options,
  );
}

const SESSION_FIELD = "mcp-session-id";

/** @throws TypeError for a requirement that no request can meet which has met the gate's */
function checkTool<Name extends string>(
  { challenger, verifier }: Resource<Name>,
  ofGate: Requirement<string>,
  own: Requirement<Name>,
): void {
  challenger.checkRequirement?.(own);
  verifier.checkRequirement(own);
  if (ofGate.level === "agent-token" && own.level !== ofGate.level) {
    throw new TypeError(
      `a gate of level agent-token admits no ${own.level}: with tools of that level it needs person-token`,
    );
  }
}

async function sessionProblem(
  { headers }: Request,
  session: string | null,
  caller: ProvenCaller,
  sessions: McpSessions,
): Promise<RpcRefusal | undefined> {
  if (session !== null) return (await sessions.isHeldBy(session, caller)) ? undefined : "sessionNotFound";
  // Without a session nothing says whose stream it was.
  if (headers.has("last-event-id")) return "noSession"; // hole M3
  return undefined;
}

/** A store that is full, or cannot be reached, answers for no caller. */
function ofStore(error: unknown): RpcRefusal {
  if (error instanceof StoreUnavailableError) return "storeUnavailable";
  if (error instanceof StoreFullError) return "sessionsFull";
  throw error;
}

/** Ends a session that the SDK has opened, and nobody can use. */
function deletionOf(session: string, { url, headers }: Request): Request {
  const fields = new Headers(headers);
  fields.set(SESSION_FIELD, session);
  return new Request(url, { method: "DELETE", headers: fields });
}

/** Undefined for a body that is not JSON. */
function parsedBody(body: string | undefined): { readonly parsedBody?: unknown } | undefined {
  try {
    return body === undefined ? {} : { parsedBody: JSON.parse(body) };
  } catch {
    return undefined;
  }
}

/** Undefined where the caller may call all of the tools, or there are none. */
async function refuseTools<Name extends string>(
  resource: Resource<Name>,
  caller: ProvenCaller,
  { names, id }: ToolCalls,
  { ofGate, tools }: { ofGate: Requirement<Name>; tools: Readonly<Record<string, Requirement<Name>>> },
): Promise<Response | undefined> {
  if (!names.every((name) => Object.hasOwn(tools, name))) return refusal("unknownTool", id); // hole M4
  const demanded = [...new Set(names.map((name) => tools[name]!))];
  try {
    for (const own of demanded) resource.meetRequirement(caller, together(own, ofGate, demanded)); // hole M5
    return undefined;
  } catch (error) {
    const { status, headers, body } = await resource.refuse(error);
    return new Response(body === "" ? null : body, { status, headers });
  }
}

/**
 * With the scopes of all, and the account of the gate: one challenge leads to the token that passes
 * the gate again, and is enough for a whole batch.
 */
function together<Name extends string>(
  own: Requirement<Name>,
  ofGate: Requirement<Name>,
  demanded: readonly Requirement<Name>[],
): Requirement<Name> {
  if (own.scopes === undefined) return own;
  const all = [ofGate, ...demanded].filter(({ level }) => level === own.level);
  const scopes = new Set(all.flatMap((other) => other.scopes ?? []));
  const account = own.account ?? (ofGate.level === own.level ? ofGate.account : undefined);
  return { ...own, scopes: [...scopes], ...(account !== undefined && { account }) };
}

/**
 * Names of the fields that carry signatures and tokens, which handlers of the SDK would find in
 * `requestInfo`.
 */
const fieldsWithCredentials = <Name extends string>({ verifier }: Resource<Name>): readonly string[] => [
  "authorization",
  ...verifier.profiles.flatMap(({ messages: { fields } }) => [
    fields.signature,
    fields.signatureInput,
    fields.signatureKey,
  ]),
];

function without(fields: readonly string[], request: Request, body: string | undefined): Request {
  const { url, method, signal } = request;
  const headers = new Headers(request.headers);
  for (const name of fields) headers.delete(name); // hole M6
  return new Request(url, { method, headers, signal, body: body ?? null });
}
