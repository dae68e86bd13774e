/**
 * An OpenID provider of the library oidc-provider, over the stores of this package.
 *
 * @module
 */

export { errors, interactionPolicy } from "./library.ts";
export { mountOidcProvider, type OidcRoutes } from "./mount-oidc-provider.ts";
export { createOidcProvider, type OidcProviderParts } from "./oidc-provider.ts";
export { createRsaKeys, type RsaKeys } from "./rsa-keys.ts";
