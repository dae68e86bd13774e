import type { User } from "oidc-client-ts";

/** Name of a signed-in user, as the page shows it. */
export function userName({ profile }: Pick<User, "profile">): string {
  return profile.name || profile.preferred_username || profile.sub;
}

/**
 * Whether another user has signed in than the one whose session had ended. False after a reload.
 */
export function isAnotherUser({ profile, state }: Pick<User, "profile" | "state">): boolean {
  const { former } = (state ?? {}) as { former?: unknown };
  return former !== undefined && former !== profile.sub;
}
