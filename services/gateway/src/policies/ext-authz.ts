import type { CelContext } from "../cel/expression.ts";
import type { ExtAuthzPolicy } from "../configuration/document-schema.ts";
import { isCheckMethod } from "../configuration/token.ts";
import { describeFailure } from "../proxy/describe-failure.ts";
import { LocalReply, textReply } from "../proxy/local-reply.ts";
import {
  firstField,
  isFieldValue,
  type RequestHead,
  removeField,
  responseFields,
  setField,
} from "../proxy/request-head.ts";
import {
  collect,
  UpstreamError,
  type UpstreamRequest,
  type UpstreamResponse,
  type Upstreams,
} from "../proxy/upstreams.ts";

/** A decision with claims is small; a refusal with its page is not much larger. */
const MAX_ANSWER_BYTES = 262_144;

const DENIED_TEXT = "external authorization failed";

/** What the check service said of a request it let through. */
export interface ExtAuthzVerdict {
  /** The CEL root `extauthz`: one member per `metadata` entry that could be evaluated. */
  readonly extauthz: Readonly<Record<string, unknown>>;
  /** Names of `metadata` entries that failed. */
  readonly failedMetadata: readonly string[];
}

/**
 * Asks the check service about a request (Agentgateway v1.4.1). A 2xx lets it through: fields named in `includeResponseHeaders`
 * replace those of the request, `metadata` becomes `extauthz.*`. Any other answer goes to the caller byte for byte.
 *
 * The check carries only what the policy names: the client's own fields by `includeRequestHeaders` (first value of each), then
 * `addRequestHeaders` over them. A field whose expression fails is left out, so the client cannot supply it instead.
 *
 * @param options.head its `fields` are changed by `includeResponseHeaders`
 * @returns undefined when there was no answer and `failureMode` is allow
 * @throws LocalReply the refusal
 */
export async function applyExtAuthz(
  policy: ExtAuthzPolicy,
  options: { head: RequestHead; context: CelContext; upstreams: Upstreams; signal: AbortSignal },
): Promise<ExtAuthzVerdict | undefined> {
  const { head, context, upstreams, signal } = options;
  const request = checkRequest(policy, head, context);
  // `AbortSignal.timeout` would keep a timer for each request that has been answered long since.
  const stop = new AbortController();
  const leave = () => stop.abort(signal.reason);
  signal.addEventListener("abort", leave);
  const timer = setTimeout(() => stop.abort(new UpstreamError("timeout")), policy.requestTimeoutMs);
  let answer: Pick<UpstreamResponse, "status" | "fields">;
  try {
    answer = await upstreams.request(
      policy.address,
      { ...request, signal: stop.signal },
      async (response) => {
        const { status, fields } = response;
        if (status >= 200 && status < 300) await collect(response.body, MAX_ANSWER_BYTES);
        else throw await relayed(response);
        return { status, fields };
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LocalReply) throw error;
    return withoutAnswer(policy, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
  }
  for (const name of policy.includeResponseHeaders) {
    const value = firstField(answer.fields, name);
    if (value !== undefined) setField(head.fields, name, value);
  }
  return evaluateMetadata(policy, context, answer);
}

/** It has said no, whatever becomes of the page that it sends: `failureMode: allow` is for a service that says nothing. */
async function relayed({ status, fields, body }: UpstreamResponse): Promise<LocalReply> {
  const passed = [...fields];
  removeField(passed, "content-length");
  const page = await collect(body, MAX_ANSWER_BYTES).catch(() => "");
  return new LocalReply({ status, reason: "DirectResponse", fields: passed, body: page });
}

function checkRequest(
  policy: ExtAuthzPolicy,
  head: RequestHead,
  context: CelContext,
): Omit<UpstreamRequest, "signal"> {
  const pseudo: Record<string, string> = {
    ":method": head.method,
    ":authority": `${policy.address.host}:${policy.address.port}`,
  };
  const fields: string[] = [];
  for (const name of policy.includeRequestHeaders) {
    const value = name === ":authority" ? undefined : firstField(head.fields, name);
    if (name === ":authority") pseudo[name] = head.authority;
    else if (value !== undefined) setField(fields, name, value);
  }
  for (const [name, expression] of Object.entries(policy.addRequestHeaders)) {
    const result = expression.valueOrUndefined(context);
    const value = typeof result === "string" ? bytesOf(result) : undefined;
    const usable = value !== undefined && isFieldValue(value);
    if (name.startsWith(":")) {
      if (usable) pseudo[name] = value;
    } else if (usable) {
      setField(fields, name, value);
    } else {
      removeField(fields, name);
    }
  }
  if (!isCheckMethod(pseudo[":method"]!)) {
    // One that cannot be sent would be one that nothing answers, and `failureMode: allow` would let the caller choose it.
    throw textReply(403, "ExtAuth", DENIED_TEXT, `${DENIED_TEXT}: the check method is no method`);
  }
  setField(fields, "host", pseudo[":authority"]!);
  return { method: pseudo[":method"]!, path: checkPath(policy, head, context), fields, body: undefined };
}

/** The text's UTF-8, of one character a byte. */
function bytesOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

function checkPath(policy: ExtAuthzPolicy, head: RequestHead, context: CelContext): string {
  if (policy.path === undefined) return head.target;
  const path = policy.path.valueOrUndefined(context);
  if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path)) {
    throw textReply(403, "ExtAuth", DENIED_TEXT, `${DENIED_TEXT}: the check path is no path`);
  }
  return path;
}

function withoutAnswer(policy: ExtAuthzPolicy, error: unknown): undefined {
  const detail = `${DENIED_TEXT}: ${describeFailure(error)}`;
  // RFC 9209: the gateway failed before it asked the agent, which the status alone does not tell.
  const fields = ["content-type", "text/plain", "proxy-status", "gateway; error=proxy_internal_error"];
  const { failureMode } = policy;
  if (typeof failureMode === "object") {
    const status = failureMode.denyWithStatus;
    throw new LocalReply({ status, reason: "DirectResponse", body: detail, fields, detail });
  }
  if (failureMode === "deny") {
    throw new LocalReply({ status: 403, reason: "ExtAuth", body: DENIED_TEXT, fields, detail });
  }
  return undefined;
}

/** The `metadata` of an answer that lets the request through. */
export function evaluateMetadata(
  policy: ExtAuthzPolicy,
  context: CelContext,
  answer: Pick<UpstreamResponse, "status" | "fields">,
): ExtAuthzVerdict {
  const withResponse = {
    ...context,
    response: { code: BigInt(answer.status), headers: responseFields(answer.fields) },
  };
  const extauthz: Record<string, unknown> = Object.create(null);
  const failedMetadata: string[] = [];
  for (const [name, expression] of Object.entries(policy.metadata)) {
    const value = expression.valueOrUndefined(withResponse);
    if (value === undefined) failedMetadata.push(name);
    else extauthz[name] = value;
  }
  return { extauthz, failedMetadata };
}
