/**
 * What an agent does with a challenge that wants the user in person (profile 3.5).
 *
 * @module
 */

import { AAuthError, UserInteractionRequiredError } from "../errors.ts";

/**
 * The error that carries the address to send the user to, with `return_url` added.
 *
 * A resource may send a user to itself and nowhere else: an address at another origin would make this agent a way to bring its
 * users to any page.
 *
 * @param options.returnUrl absolute, http or https
 * @throws AAuthError `challenge_untrusted` for an address that is not at the resource's origin.
 */
export function interactionRequired(
  address: string,
  { resource, returnUrl, keyThumbprint }: { resource: string; returnUrl: string; keyThumbprint: string },
): UserInteractionRequiredError {
  const url = URL.parse(address);
  if (url === null || url.origin !== new URL(resource).origin || url.username !== "" || url.password !== "") {
    throw new AAuthError("challenge_untrusted", "the resource sends users to an address that is not its own");
  }
  url.hash = "";
  url.searchParams.set("return_url", returnUrl);
  return new UserInteractionRequiredError({ interactionUrl: url.href, resource, keyThumbprint });
}
