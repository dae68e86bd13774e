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

/** A server of the SDK: `handleRequest` of a transport in SDK 1, `fetch` of a handler in SDK 2. */
export type McpHandler = (
  request: Request,
  options: { readonly authInfo: McpAuthInfo; readonly parsedBody?: unknown },
) => Promise<Response> | Response;

/** Requirements and limits of `protectMcp`. */
export interface McpGateOptions<Name extends string> extends GateOptions {
  /**
   * Additional requirement of each tool, by name. A tool that is not listed cannot be called.
   * Default: every admitted caller may call any tool.
   */
  readonly tools?: Readonly<Record<string, Requirement<Name>>> | undefined;
  /** Stores of session holders, shared by replicas. Default: in memory. */
  readonly stores?: Pick<Stores, "records"> | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Passes MCP messages (Streamable HTTP) whose callers meet the requirement to the SDK's server, and
 * answers all others, like `protect` of `aauth/fetch`. The resource's observer receives what the
 * server or a store throws, which is answered with 500. A session belongs to the caller that opened
 * it; any other caller gets 404. Each tool call is checked by the name of its tool; a caller that
 * does not meet its requirement gets a 401 challenge.
 *
 * Handlers of the SDK get the caller by {@link callerOf}, and no fields with its token or
 * signature. The auth token is the caller's `grant.token`, for a call to the next hop; copies and
 * logs of the caller do not contain it. Does NOT limit rates or the number of the SDK's sessions,
 * check resources and prompts by name, or end a stream when its token expires.
 *
 * @throws TypeError and RangeError like `protect`; TypeError for a tool that needs a token that the
 *   gate does not admit
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
  const { maxBodyBytes, bodyTimeoutMs } = options;
  for (const own of Object.values(tools ?? {})) checkTool(resource, requirement, own);
  const sessions = new McpSessions(stores.records<SessionHolder>(`mcp sessions ${resource.id}`), now);
  const withheld = fieldsWithCredentials(resource);

  const answer = async (request: Request, caller: ProvenCaller): Promise<Response> => {
    const session = request.headers.get(SESSION_FIELD);
    const lack = await sessionProblem(request, session, caller, sessions).catch(ofStore);
    if (lack !== undefined) return refusal(lack);
    // Servers on Node give each DELETE an empty body.
    const body = (await request.text()) || undefined;
    const parsed = parsedBody(body);
    if (parsed === undefined) return refusal("parseError");
    const calls = toolCallsIn(parsed.parsedBody);
    if (typeof calls === "string") return refusal(calls);
    const refused = tools && (await refuseTools(resource, caller, calls, { ofGate: requirement, tools }));
    if (refused !== undefined) return refused;
    const authInfo = authInfoOf(caller, resource.id);
    const response = await handler(without(withheld, request, body), { authInfo, ...parsed });
    // The SDK has ended the session; a remaining record has no effect.
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
  };
  return protect(
    resource,
    requirement,
    async (request, caller) => {
      try {
        return await answer(request, caller);
      } catch (error) {
        resource.observer({ type: "unexpected_error", error });
        return refusal("internalError");
      }
    },
    { maxBodyBytes, bodyTimeoutMs },
  );
}

const SESSION_FIELD = "mcp-session-id";

/** @throws TypeError for a requirement that no admitted request can meet */
function checkTool<Name extends string>(
  resource: Resource<Name>,
  ofGate: Requirement<string>,
  own: Requirement<Name>,
): void {
  resource.checkRequirement(own);
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
  // Without a session, the owner of the stream is unknown.
  if (headers.has("last-event-id")) return "noSession"; // hole M3
  return undefined;
}

/** The refusal for an error of the store. */
function ofStore(error: unknown): RpcRefusal {
  if (error instanceof StoreUnavailableError) return "storeUnavailable";
  if (error instanceof StoreFullError) return "sessionsFull";
  throw error;
}

/** Request that ends a session which the SDK has opened and no caller can use. */
function deletionOf(session: string, { url, headers }: Request): Request {
  const fields = new Headers(headers);
  fields.set(SESSION_FIELD, session);
  return new Request(url, { method: "DELETE", headers: fields });
}

/** Undefined for a body that is not JSON, or has a member that sets the prototype of a copy. */
function parsedBody(body: string | undefined): { readonly parsedBody?: unknown } | undefined {
  try {
    return body === undefined ? {} : { parsedBody: JSON.parse(body, refusePrototypes) };
  } catch {
    return undefined;
  }
}

function refusePrototypes(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError(key); // hole M14
  return value;
}

/** Refuses tool calls; undefined if the caller may call all of the tools, or there are none. */
async function refuseTools<Name extends string>(
  resource: Resource<Name>,
  caller: ProvenCaller,
  { names, id }: ToolCalls,
  { ofGate, tools }: { ofGate: Requirement<Name>; tools: Readonly<Record<string, Requirement<Name>>> },
): Promise<Response | undefined> {
  if (!names.every((name) => Object.hasOwn(tools, name))) return refusal("unknownTool", id); // hole M4
  const demanded = [...new Set(names.map((name) => tools[name]!))];
  for (const own of demanded) {
    const answer = await resource.meetRequirement(caller, together(own, ofGate, demanded));
    if (answer === undefined) continue;
    const { status, headers, body } = answer;
    return new Response(body === "" ? null : body, { status, headers }); // hole M5
  }
  return undefined;
}

/**
 * Combines the scopes of all requirements with the gate's account, so that one challenge leads to a
 * token for the gate and a whole batch.
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
 * Names of the fields with signatures and tokens, which are removed from the SDK's `requestInfo`.
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
