import { apiErrorSchema } from "backend-api";
import type { StartTrace } from "../telemetry/browser-trace.ts";
import { ApiFailure } from "./api-failure.ts";

/** Source of the user's access token. Both return undefined if there is none. */
export interface AccessTokens {
  current(): Promise<string | undefined>;
  /** Requests a new one from the auth server. */
  renew(): Promise<string | undefined>;
}

export interface ApiRequest {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
  /** Starts a trace with a span of this name, where traces are wanted. */
  traceAs?: string;
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

export interface ApiClient {
  /** Sends with the bearer header and returns the checked JSON answer. */
  json<T>(request: ApiRequest, schema: Schema<T>): Promise<T>;
  /** The same, for an answer that is read as it arrives. */
  open(request: ApiRequest): Promise<Response>;
}

/**
 * The backend's client. If the backend refuses the access token, it is renewed and the call repeated, once.
 *
 * @throws {ApiFailure} from every method, unless the caller's signal aborted (then the platform's `AbortError`).
 */
export function createApiClient(options: {
  backendUrl: string;
  accessTokens: AccessTokens;
  fetch?: typeof fetch;
  /** Default: no request starts a trace. */
  startTrace?: StartTrace | undefined;
}): ApiClient {
  const { backendUrl, accessTokens, startTrace } = options;
  const send = options.fetch ?? ((input, init) => fetch(input, init));

  async function attempt(request: ApiRequest, accessToken: string): Promise<Response> {
    const url = `${backendUrl}${request.path}`;
    const method = request.method ?? "GET";
    const span = request.traceAs === undefined ? undefined : startTrace?.(request.traceAs, { method, url });
    const headers: Record<string, string> = {
      authorization: `Bearer ${accessToken}`,
      accept: request.accept ?? "application/json",
      ...(span && { traceparent: span.traceparent }),
    };
    if (request.body !== undefined) headers["content-type"] = "application/json";
    try {
      const response = await send(url, {
        method,
        headers,
        cache: "no-store",
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      span?.end(response.status);
      return response;
    } catch (cause) {
      span?.end(undefined);
      request.signal?.throwIfAborted();
      throw new ApiFailure("unreachable", `The backend at ${backendUrl} cannot be reached.`, { cause });
    }
  }

  async function open(request: ApiRequest): Promise<Response> {
    const current = (await accessTokens.current()) ?? (await accessTokens.renew());
    if (current === undefined) throw sessionLapsed();
    let response = await attempt(request, current);
    if (isTokenRefused(response)) {
      await response.body?.cancel();
      const renewed = await accessTokens.renew();
      if (renewed === undefined) throw sessionLapsed(response.status);
      response = await attempt(request, renewed);
      if (isTokenRefused(response)) throw sessionLapsed(response.status);
    }
    if (response.ok) return response;
    const answer = apiErrorSchema.safeParse(await response.json().catch(() => undefined));
    const { detail, code } = answer.success ? answer.data : { detail: "no reason given" };
    const { status } = response;
    // Another party's failure is not a refusal by the backend.
    if (status === 502 && code !== undefined) throw new ApiFailure("passed_on", detail, { status, code });
    throw new ApiFailure("refused", `The backend refused: ${detail}`, { status });
  }

  return {
    open,
    async json(request, schema) {
      const response = await open(request);
      const parsed = schema.safeParse(await response.json().catch(() => undefined));
      if (parsed.success) return parsed.data;
      request.signal?.throwIfAborted();
      throw new ApiFailure("unreadable", "The backend's response could not be read.", {
        status: response.status,
      });
    },
  };
}

// 401 means an invalid or expired token. (403 means a missing one: this client always sends one.)
function isTokenRefused(response: Response): boolean {
  return response.status === 401;
}

function sessionLapsed(status?: number): ApiFailure {
  return new ApiFailure("session_lapsed", "Your session has ended.", status === undefined ? {} : { status });
}
