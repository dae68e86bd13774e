import { z } from "zod";

/** Response of `GET /auth/me`, derived from the user's access token. */
export const userProfileSchema = z.object({
  /** `sub` of the token. */
  id: z.string(),
  username: z.string(),
  email: z.string(),
  /** The token's first realm role that is not one of Keycloak's own, or else `User`. */
  role: z.string(),
  is_active: z.literal(true),
});
