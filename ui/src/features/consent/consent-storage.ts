import { z } from "zod";

/** sessionStorage names, as in the published demo. */
export const consentStorageNames = {
  preservedState: "aauth_preserved_state",
  returnRequestId: "aauth_return_request_id",
  returnPending: "aauth_return_pending",
  error: "aauth_error",
  errorDescription: "aauth_error_description",
  errorRequestId: "aauth_error_request_id",
} as const;

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const preservedSchema = z.object({ request_id: z.string(), prompt: z.string(), draft: z.string() });

/** State kept while the browser is at the auth server. `draft` is opaque here. */
export interface PreservedState {
  requestId: string;
  prompt: string;
  draft: string;
}

/** The outcome. `none`: no redirect, or the user came back without a decision. */
export type ConsentOutcome =
  | { kind: "none" }
  | { kind: "granted"; requestId: string; preserved: PreservedState | undefined }
  | {
      kind: "failed";
      error: string;
      description: string;
      requestId: string | undefined;
      preserved: PreservedState | undefined;
    };

export function preserveState(store: Store, { requestId, prompt, draft }: PreservedState): void {
  forgetConsent(store);
  store.setItem(consentStorageNames.preservedState, JSON.stringify({ request_id: requestId, prompt, draft }));
}

/**
 * Stores the outcome that the backend put into the page's query. It is stored first and read later because the
 * user may have to sign in again in between, which is another redirect.
 *
 * @returns whether the query was such an outcome, and hence should leave the address bar.
 */
export function noteConsentReturn(search: string, store: Store): boolean {
  const query = new URLSearchParams(search);
  const requestId = query.get("request_id");
  if (query.get("aauth_authorized") === "1" && requestId) {
    store.setItem(consentStorageNames.returnRequestId, requestId);
    store.setItem(consentStorageNames.returnPending, "true");
    return true;
  }
  if (query.get("aauth_error") === "1") {
    store.setItem(consentStorageNames.error, query.get("error") ?? "unknown");
    store.setItem(consentStorageNames.errorDescription, query.get("error_description") ?? "");
    if (requestId) store.setItem(consentStorageNames.errorRequestId, requestId);
    return true;
  }
  return false;
}

/** Reads the stored outcome without removing it: call {@link forgetConsent} once it is on the page. */
export function readConsentOutcome(store: Store): ConsentOutcome {
  const preserved = readPreserved(store);
  const error = store.getItem(consentStorageNames.error);
  if (error !== null) {
    const requestId = store.getItem(consentStorageNames.errorRequestId) ?? undefined;
    const description = store.getItem(consentStorageNames.errorDescription) ?? "";
    return { kind: "failed", error, description, requestId, preserved: matching(preserved, requestId) };
  }
  const requestId = store.getItem(consentStorageNames.returnRequestId);
  if (store.getItem(consentStorageNames.returnPending) === "true" && requestId !== null) {
    return { kind: "granted", requestId, preserved: matching(preserved, requestId) };
  }
  return { kind: "none" };
}

export function forgetConsent(store: Store): void {
  for (const name of Object.values(consentStorageNames)) store.removeItem(name);
}

// The outcome may belong to another run than the one preserved in this tab. The preserved input is not its own then.
function matching(
  preserved: PreservedState | undefined,
  requestId: string | undefined,
): PreservedState | undefined {
  return requestId === undefined || preserved?.requestId === requestId ? preserved : undefined;
}

function readPreserved(store: Store): PreservedState | undefined {
  try {
    const text = store.getItem(consentStorageNames.preservedState);
    const parsed = preservedSchema.safeParse(JSON.parse(text ?? ""));
    if (!parsed.success) return undefined;
    return { requestId: parsed.data.request_id, prompt: parsed.data.prompt, draft: parsed.data.draft };
  } catch {
    return undefined;
  }
}
