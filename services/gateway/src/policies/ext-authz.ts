import type { Dispatcher } from "undici";
import type { CelContext } from "../cel/expression.ts";
import type { ExtAuthzPolicy } from "../configuration/configuration.ts";
import { isCheckMethod } from "../configuration/token.ts";
import type { Cancellation } from "../proxy/cancellation.ts";
import { type CollectedResponse, collectResponse } from "../proxy/collect-response.ts";
import { describeFailure } from "../proxy/describe-failure.ts";
import { OwnAnswer, textAnswer } from "../proxy/own-answer.ts";
import {
  firstField,
  isFieldValue,
  type RequestHead,
  removeField,
  responseFields,
  setField,
} from "../proxy/request-head.ts";
import type { UpstreamPools } from "../proxy/upstream-pools.ts";

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
 * @param head its `fields` are changed by `includeResponseHeaders`
 * @param body already read, when the policy sends bodies
 * @returns undefined when there was no answer and `failureMode` is allow
 * @throws OwnAnswer the refusal
 */
export async function applyExtAuthz(
  policy: ExtAuthzPolicy,
  options: {
    head: RequestHead;
    context: CelContext;
    body: Buffer | undefined;
    pools: UpstreamPools;
    cancellation: Cancellation;
  },
): Promise<ExtAuthzVerdict | undefined> {
  const { context, pools, cancellation } = options;
  const request = checkRequest(policy, options.head, context, options.body);
  let answer: CollectedResponse;
  let head: Omit<CollectedResponse, "body"> | undefined;
  try {
    const limits = {
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: policy.requestTimeoutMs,
      cancellation,
      onHead: (status: number, fields: readonly string[]) => {
        head = { status, fields: [...fields] };
      },
    };
    answer = await pools.get(policy).use((pool) => collectResponse(pool, request, limits));
  } catch (error) {
    if (cancellation.isRequested) throw cancellation.reason;
    // It has said no, whatever became of the page that goes with it: `failureMode: allow` is for a service that says nothing.
    if (head !== undefined && isRefusal(head)) throw relayed({ ...head, body: Buffer.alloc(0) });
    return withoutAnswer(policy, error);
  }
  if (isRefusal(answer)) throw relayed(answer);

  for (const name of policy.includeResponseHeaders) {
    const value = firstField(answer.fields, name);
    if (value !== undefined) setField(options.head.fields, name, value);
  }
  return evaluateMetadata(policy, context, answer);
}

function checkRequest(
  policy: ExtAuthzPolicy,
  head: RequestHead,
  context: CelContext,
  body: Buffer | undefined,
): Dispatcher.DispatchOptions {
  const pseudo: Record<string, string> = {
    ":method": head.method,
    ":authority": `${policy.host}:${policy.port}`,
  };
  const fields: string[] = [];
  for (const name of policy.includeRequestHeaders) {
    if (name === ":authority") {
      pseudo[name] = head.authority;
      continue;
    }
    const value = firstField(head.fields, name);
    if (value !== undefined) setField(fields, name, value);
  }
  for (const { name, expression } of policy.addRequestHeaders) {
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
    // One that cannot be sent would be one that nobody answers, and `failureMode: allow` would let the caller choose it.
    throw textAnswer(403, "ExtAuth", DENIED_TEXT, `${DENIED_TEXT}: the check method is no method`);
  }
  const payload = checkBody(policy, body, fields);
  setField(fields, "host", pseudo[":authority"]!);
  return {
    method: pseudo[":method"] as Dispatcher.HttpMethod,
    path: checkPath(policy, head, context),
    headers: fields,
    body: payload ?? null,
  };
}

/** The text's UTF-8, of one character a byte. */
function bytesOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

function checkPath(policy: ExtAuthzPolicy, head: RequestHead, context: CelContext): string {
  if (policy.path === undefined) return head.target;
  const path = policy.path.valueOrUndefined(context);
  if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path)) {
    throw textAnswer(403, "ExtAuth", DENIED_TEXT, `${DENIED_TEXT}: the check path is no path`);
  }
  return path;
}

function checkBody(policy: ExtAuthzPolicy, body: Buffer | undefined, fields: string[]): Buffer | undefined {
  const options = policy.includeRequestBody;
  if (options === undefined) return undefined;
  const isPartial = body !== undefined && body.length > options.maxRequestBytes;
  if (isPartial && !options.allowPartialMessage) {
    throw textAnswer(413, "ExtAuth", DENIED_TEXT, `${DENIED_TEXT}: the body is too large for the check`);
  }
  setField(fields, "x-envoy-auth-partial-body", String(isPartial));
  return isPartial ? body.subarray(0, options.maxRequestBytes) : body;
}

function withoutAnswer(policy: ExtAuthzPolicy, error: unknown): undefined {
  const detail = `${DENIED_TEXT}: ${describeFailure(error)}`;
  // RFC 9209: the gateway failed before it asked the agent, which the status alone does not tell.
  const fields = ["content-type", "text/plain", "proxy-status", "gateway; error=proxy_internal_error"];
  if ("denyWithStatus" in policy.failureMode) {
    const status = policy.failureMode.denyWithStatus;
    throw new OwnAnswer({ status, reason: "DirectResponse", body: detail, fields, detail });
  }
  if (policy.failureMode.mode === "deny") {
    throw new OwnAnswer({ status: 403, reason: "ExtAuth", body: DENIED_TEXT, fields, detail });
  }
  return undefined;
}

function isRefusal({ status }: { readonly status: number }): boolean {
  return status < 200 || status > 299;
}

function relayed({ status, fields, body }: CollectedResponse): OwnAnswer {
  const passed = [...fields];
  removeField(passed, "content-length");
  return new OwnAnswer({ status, reason: "DirectResponse", fields: passed, body });
}

function evaluateMetadata(
  policy: ExtAuthzPolicy,
  context: CelContext,
  answer: CollectedResponse,
): ExtAuthzVerdict {
  const withResponse = {
    ...context,
    response: { code: BigInt(answer.status), headers: responseFields(answer.fields) },
  };
  const extauthz: Record<string, unknown> = Object.create(null);
  const failedMetadata: string[] = [];
  for (const { name, expression } of policy.metadata) {
    const value = expression.valueOrUndefined(withResponse);
    if (value === undefined) failedMetadata.push(name);
    else extauthz[name] = value;
  }
  return { extauthz, failedMetadata };
}
