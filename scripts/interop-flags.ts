/** Peers of third parties that `npm run test:all -- interop` takes instead of its own: paths. */
export interface InteropFlags {
  readonly demo?: string | undefined;
  readonly keycloak?: string | undefined;
  readonly gateway?: string | undefined;
}
