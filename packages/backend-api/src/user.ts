import { z } from "zod";

/** Response of `GET /auth/me`, made from the user's access token. */
export const userProfileSchema = z.object({
  /** `sub` of the token. */
  id: z.string(),
  username: z.string(),
  email: z.string(),
  /** First of the token's realm roles that is not one of Keycloak's own, else `User`. */
  role: z.string(),
  is_active: z.literal(true),
});
