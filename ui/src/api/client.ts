import { type ApiRoute, apiErrorSchema } from "backend-api";
import type { z } from "zod";
import type { StartTrace } from "../telemetry/browser-trace.ts";
import { ApiFailure } from "./api-failure.ts";

/** Source of the user's access token. Both return undefined if there is none. */
export interface AccessTokens {
  current(): Promise<string | undefined>;
  /** Requests a new one from the auth server. */
  renew(): Promise<string | undefined>;
}

type BodyOf<Route> = Route extends { body: infer Body extends z.ZodType } ? z.input<Body> : never;

/** Options of a call. */
export interface CallOptions<Route extends ApiRoute> {
  /** Values of the path's placeholders. */
  params?: Readonly<Record<string, string>>;
  body?: BodyOf<Route>;
  signal?: AbortSignal;
  /** Starts a trace with a span of this name, if tracing is on. */
  traceAs?: string;
}

export interface ApiClient {
  /** Calls a route of `apiRoutes` and returns the validated JSON response. */
  call<Route extends ApiRoute>(route: Route, options?: CallOptions<Route>): Promise<z.infer<Route["answer"]>>;
  /** Calls a route and returns its streamed response. */
  open<Route extends ApiRoute>(route: Route, options?: CallOptions<Route>): Promise<Response>;
}

/**
 * The backend's client. If the backend refuses the access token, the client renews it and repeats
 * the call once.
 *
 * @throws {ApiFailure} from every method, unless the caller's signal aborted (then the platform's
 * `AbortError`).
 */
export function createApiClient(options: {
  backendUrl: string;
  accessTokens: AccessTokens;
  /** Called when the backend accepts no access token and none can be renewed. */
  onSessionLapsed: () => void;
  fetch?: typeof fetch;
  /** Default: no request starts a trace. */
  startTrace?: StartTrace | undefined;
}): ApiClient {
  const { backendUrl, accessTokens, onSessionLapsed, startTrace } = options;
  const send = options.fetch ?? ((input, init) => fetch(input, init));

  async function attempt(
    { method, path, isStream }: ApiRoute,
    { params = {}, body, signal, traceAs }: CallOptions<ApiRoute>,
    accessToken: string,
  ): Promise<Response> {
    const url = backendUrl + path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ""));
    const span = traceAs === undefined ? undefined : startTrace?.(traceAs, { method, url });
    const headers: Record<string, string> = {
      authorization: `Bearer ${accessToken}`,
      accept: isStream ? "text/event-stream" : "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(span && { traceparent: span.traceparent }),
    };
    try {
      const response = await send(url, {
        method,
        headers,
        cache: "no-store",
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      span?.end(response.status);
      return response;
    } catch (cause) {
      span?.end(undefined);
      signal?.throwIfAborted();
      throw new ApiFailure("unreachable", `The backend at ${backendUrl} cannot be reached.`, { cause });
    }
  }

  async function open(route: ApiRoute, options: CallOptions<ApiRoute> = {}): Promise<Response> {
    const current = (await accessTokens.current()) ?? (await accessTokens.renew());
    if (current === undefined) throw sessionLapsed();
    let response = await attempt(route, options, current);
    // 401 means an invalid or expired token. (403 means a missing one: this client always sends
    // one.)
    if (response.status === 401) {
      await response.body?.cancel();
      const renewed = await accessTokens.renew();
      if (renewed === undefined) throw sessionLapsed();
      response = await attempt(route, options, renewed);
      if (response.status === 401) throw sessionLapsed();
    }
    if (response.ok) return response;
    const answer = apiErrorSchema.safeParse(await response.json().catch(() => undefined));
    const { detail, code } = answer.success ? answer.data : { detail: "no reason given" };
    const { status } = response;
    // Another party's failure, and a state of the run, are no refusals by the backend.
    if ((status === 502 || status === 409) && code !== undefined)
      throw new ApiFailure("passed_on", detail, { status, code });
    throw new ApiFailure("refused", `The backend refused: ${detail}`, { status });
  }

  function sessionLapsed(): ApiFailure {
    onSessionLapsed();
    return new ApiFailure("session_lapsed", "Your session has ended.");
  }

  return {
    open,
    async call(route, options) {
      const response = await open(route, options);
      const parsed = route.answer.safeParse(await response.json().catch(() => undefined));
      if (parsed.success) return parsed.data as never;
      options?.signal?.throwIfAborted();
      throw new ApiFailure("unreadable", "The backend's response could not be read.", {
        status: response.status,
      });
    },
  };
}
