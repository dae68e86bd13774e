import type { FastifyBaseLogger } from "fastify";

export type OidcLibrary = typeof import("oidc-provider");

/**
 * Imports oidc-provider. While its modules are evaluated it tells the console that it prefers a long-term-support release of
 * Node; there is no other channel and no setting. During the import, and only then, its notices go to the log; lines of others stay
 * on the console. All its later notices are about defaults fit for a quick start, and `oidc-configuration` replaces each of those.
 */
export async function loadOidcLibrary(logger: FastifyBaseLogger): Promise<OidcLibrary> {
  const { warn } = console;
  console.warn = (...args: unknown[]) => {
    const notice = args.join(" ");
    if (notice.includes("oidc-provider")) logger.debug({ notice }, "oidc-provider says at its import");
    else warn(...args);
  };
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}
