import type { Failure } from "backend-api";
import type { User } from "oidc-client-ts";

/** `lapsed`: the session ended and could not be renewed. The page keeps its content. */
export type Session =
  | { kind: "loading" }
  | { kind: "signed-out"; problem: Failure | undefined }
  | { kind: "signed-in"; user: User }
  | { kind: "lapsed"; user: User; problem: Failure | undefined };

export interface SessionInputs {
  isLoading: boolean;
  user: User | null | undefined;
  /** Whether a renewal has failed since the last sign-in. */
  lapsed: boolean;
  error: { source: string; message: string } | undefined;
  authServerUrl: string;
}

export function sessionOf({ isLoading, user, lapsed, error, authServerUrl }: SessionInputs): Session {
  const problem = error && signInProblem(error, authServerUrl);
  if (user) {
    if (lapsed) return { kind: "lapsed", user, problem };
    // An expired token alone does not end the session: it is renewed first.
    return user.expired ? { kind: "loading" } : { kind: "signed-in", user };
  }
  if (isLoading) return { kind: "loading" };
  return { kind: "signed-out", problem };
}

function signInProblem(
  error: { source: string; message: string },
  authServerUrl: string,
): Failure | undefined {
  // A failed renewal is reported as `lapsed`, not as a sign-in problem.
  if (error.source === "renewSilent" || error.source === "signinSilent") return undefined;
  if (error.source === "signinRedirect" || error.source === "signoutRedirect") {
    return {
      hop: "auth-server",
      check: "connection",
      code: "auth_server_unreachable",
      message: `The auth server at ${authServerUrl} cannot be reached.`,
      advice: "Check that it is running, then sign in again.",
    };
  }
  return {
    hop: "auth-server",
    code: "sign_in_incomplete",
    message: `Sign-in did not complete: ${error.message}`,
    advice: "Sign in again.",
  };
}
