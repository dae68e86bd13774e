import { z } from "zod";

/**
 * Body of every refusal: 401, 403, 404, 409, 422, 429, 500, 502. `code` is present if programs may
 * need to distinguish causes.
 */
export const apiErrorSchema = z.object({ detail: z.string(), code: z.string().optional() });
export type ApiError = z.infer<typeof apiErrorSchema>;

/** Answer of the DELETE routes, with the number of the caller's deleted items. */
export const clearedSchema = z.object({ message: z.string(), cleared: z.number().int() });
export type Cleared = z.infer<typeof clearedSchema>;

/** Response of `GET /`. */
export const welcomeSchema = z.object({ message: z.string(), version: z.string() });

/** Response of `GET /auth/health`. */
export const authHealthSchema = z.object({
  status: z.literal("healthy"),
  service: z.literal("keycloak-auth"),
  keycloak_url: z.string(),
  realm: z.string(),
});

/** Query of the page that the browser returns to after a consent. */
export const consentGivenSchema = z.object({ aauth_authorized: z.literal("1"), request_id: z.string() });

/** Query of that page after a failure. `request_id` is absent if the state was unknown. */
export const consentFailedSchema = z.object({
  aauth_error: z.literal("1"),
  /**
   * `missing_code_or_state`, `unknown_request` (unknown, used or expired state), `exchange_failed`,
   * `wrong_user`, or the auth server's own error such as `access_denied`.
   */
  error: z.string(),
  error_description: z.string(),
  request_id: z.string().optional(),
});
