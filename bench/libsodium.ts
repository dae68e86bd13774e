/** What makes `aauth` use libsodium for Ed25519 (docs/decisions/0023). */
export const LIBSODIUM_FLAG = "--conditions=aauth-sodium";

/** Whether this process measures that. Whatever runs `aauth` for it has to be started the same way. */
export const withLibsodium = process.execArgv.includes(LIBSODIUM_FLAG);
