import { DRAFT_11_SERVERS, identifierOf } from "topology";

/**
 * Whether a run waits at the access server's page, where an owner of the resource decides instead
 * of the user.
 */
export function isOwnersDecision(party: string | undefined): boolean {
  return party === identifierOf(DRAFT_11_SERVERS.accessServer);
}
