import type { OidcLibrary } from "./load-library.ts";

/** 503 `temporarily_unavailable`, as oidc-provider answers it; the library itself has 400 for it. */
export function temporarilyUnavailable(library: Pick<OidcLibrary, "errors">, description: string): Error {
  const error = new library.errors.TemporarilyUnavailable(description);
  return Object.assign(error, { status: 503, statusCode: 503 });
}
