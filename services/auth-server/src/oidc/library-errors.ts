import { OAuthError } from "../oauth-error.ts";
import type { OidcLibrary } from "./load-library.ts";

/** 503 `temporarily_unavailable`, as oidc-provider answers it; the library itself has 400 for it. */
export function temporarilyUnavailable(library: Pick<OidcLibrary, "errors">, description: string): Error {
  const error = new library.errors.TemporarilyUnavailable(description);
  return Object.assign(error, { status: 503, statusCode: 503 });
}

/** For `catch`: this server's own 503 becomes the library's, which would call anything else a fault of the server. */
export function inLibraryTerms(library: Pick<OidcLibrary, "errors">): (error: unknown) => never {
  return (error) => {
    if (error instanceof OAuthError && error.status === 503)
      throw temporarilyUnavailable(library, error.message);
    throw error;
  };
}
