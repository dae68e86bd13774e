import type { CelContext } from "../cel/expression.ts";
import type { Address, ExtAuthzPolicy } from "../configuration/document-schema.ts";
import { LocalReply } from "../proxy/local-reply.ts";
import { fieldsByName, firstField, type RequestHead, removeField, setField } from "../proxy/request-head.ts";
import {
  collect,
  failureCode,
  UpstreamError,
  type UpstreamResponse,
  type Upstreams,
} from "../proxy/upstreams.ts";

/** Decisions with claims are small, and refusals with a page not much larger. */
const MAX_ANSWER_BYTES = 262_144;

/** Result of the check service for an allowed request. */
export interface ExtAuthzVerdict {
  /** The CEL root `extauthz`: one member per `metadata` entry that could be evaluated. */
  readonly extauthz: Readonly<Record<string, unknown>>;
  /** Names of `metadata` entries that failed. */
  readonly failedMetadata: readonly string[];
}

/**
 * Calls the check service about a request (as Agentgateway v1.4.1). A 2xx allows the request:
 * fields named in `includeResponseHeaders` replace those of the request, and `metadata` becomes
 * `extauthz.*`. Any other answer is sent to the caller byte for byte.
 *
 * The check request only contains fields named in the policy: the client's fields in
 * `includeRequestHeaders` (first value of each), overridden by `addRequestHeaders`. A field whose
 * expression fails is omitted, so that the client cannot supply it instead.
 *
 * @param options.head its `fields` are changed by `includeResponseHeaders`
 * @throws LocalReply the refusal
 */
export async function applyExtAuthz(
  policy: ExtAuthzPolicy,
  options: { head: RequestHead; context: CelContext; upstreams: Upstreams; signal: AbortSignal },
): Promise<ExtAuthzVerdict> {
  const { head, context, upstreams, signal } = options;
  const { method, path } = policy;
  const fields = checkFields(policy, head, context);
  const compose = ({ host, port }: Address) => ({ fields: ["host", `${host}:${port}`, ...fields] });
  // `AbortSignal.timeout` would keep a timer for each answered request.
  const stop = new AbortController();
  const leave = () => stop.abort(signal.reason);
  signal.addEventListener("abort", leave);
  const timer = setTimeout(() => stop.abort(new UpstreamError("timeout")), policy.requestTimeoutMs);
  let answer: Pick<UpstreamResponse, "status" | "fields">;
  try {
    answer = await upstreams.request(
      policy.addresses,
      { method, path, compose, signal: stop.signal },
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
    throw withoutAnswer(policy, error);
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

/** The request is refused, even if the page of the refusal cannot be read. */
async function relayed({ status, fields, body }: UpstreamResponse): Promise<LocalReply> {
  const passed = [...fields];
  removeField(passed, "content-length");
  const page = await collect(body, MAX_ANSWER_BYTES).catch(() => "");
  return new LocalReply({ status, reason: "DirectResponse", fields: passed, body: page });
}

function checkFields(policy: ExtAuthzPolicy, head: RequestHead, context: CelContext): string[] {
  const fields: string[] = [];
  for (const name of policy.includeRequestHeaders) {
    const value = firstField(head.fields, name);
    if (value !== undefined) setField(fields, name, value);
  }
  for (const [name, expression] of Object.entries(policy.addRequestHeaders)) {
    const value = expression.valueOrUndefined(context);
    if (typeof value === "string" && /^[\t\x20-\x7e]*$/.test(value)) setField(fields, name, value);
    else removeField(fields, name);
  }
  return fields;
}

function withoutAnswer({ statusWithoutAnswer: status }: ExtAuthzPolicy, error: unknown): LocalReply {
  const detail = `external authorization failed: ${failureCode(error)}`;
  // RFC 9209: states that the gateway failed before it called the agent, which the status alone
  // does not show.
  const fields = ["content-type", "text/plain", "proxy-status", "gateway; error=proxy_internal_error"];
  return new LocalReply({ status, reason: "DirectResponse", body: detail, fields, detail });
}

/** Evaluates the `metadata` of an answer that allows the request. */
export function evaluateMetadata(
  policy: ExtAuthzPolicy,
  context: CelContext,
  answer: Pick<UpstreamResponse, "status" | "fields">,
): ExtAuthzVerdict {
  const withResponse = {
    ...context,
    response: { code: BigInt(answer.status), headers: fieldsByName(answer.fields, "list") },
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
