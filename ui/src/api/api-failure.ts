import type { Failure } from "backend-api";

/**
 * `unreachable`: no response. `session_lapsed`: the backend no longer accepts the access token,
 * which could not be renewed. `refused`: the backend answered with an error. `passed_on`: it
 * reports another party's failure or decision. `unreadable`: the response violates the API.
 */
export type ApiFailureKind = "unreachable" | "session_lapsed" | "refused" | "passed_on" | "unreadable";

/** A failed call to the backend. {@link describeFailure} words it for users. */
export class ApiFailure extends Error {
  readonly kind: ApiFailureKind;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** The backend's error code, if any. */
  readonly code: string | undefined;

  constructor(
    kind: ApiFailureKind,
    message: string,
    options: { status?: number; code?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "ApiFailure";
    this.kind = kind;
    this.status = options.status;
    this.code = options.code;
  }
}

const advice: Record<Exclude<ApiFailureKind, "passed_on">, string> = {
  unreachable: "Check that the backend is running, then try again.",
  session_lapsed: "Sign in again. Your input is kept.",
  refused: "Try again; if it happens again, check the backend's log.",
  unreadable: "The page and the backend may be of different versions. Reload the page.",
};

/** Converts any error from a backend call to what the failure panel shows. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof ApiFailure)) {
    return {
      code: "unexpected",
      message: "This page encountered an unexpected error.",
      advice: "Reload the page.",
    };
  }
  if (error.kind === "passed_on") {
    // The backend's message names the party and says what to do.
    return { message: error.message, ...(error.code !== undefined && { code: error.code }) };
  }
  return {
    hop: "backend",
    code: error.status === undefined ? error.kind : `http_${error.status}`,
    message: error.message,
    advice: advice[error.kind],
    ...(error.kind === "unreachable" ? { check: "connection" as const } : {}),
  };
}
