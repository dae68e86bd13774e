import { freePort } from "../../scripts/demo/free-ports.ts";
import { startListening as startAuthServer } from "../../services/auth-server/test/support/auth-server.ts";
import { createSignIn } from "../../services/person-server/src/sign-in/sign-in.ts";
import { startListening } from "../../services/person-server/test/support/person-server.ts";
import {
  createWorld,
  type World,
  type WorldOptions,
} from "../../services/person-server/test/support/world.ts";

/** A world whose persons sign in at the embedded auth server, with name and password. */
export async function createSignInWorld(options: WorldOptions = {}): Promise<World> {
  const port = String(await freePort());
  const url = `http://localhost:${port}`;
  const { issuer } = await startAuthServer({
    env: { AAUTH_PROFILE: "draft-11", AUTH_SERVER_PERSON_SERVER_URL: url },
  });
  const own = { PERSON_SERVER_PORT: port, PERSON_SERVER_URL: url, PERSON_SERVER_OIDC_ISSUER: issuer };
  return createWorld({
    ...options,
    startServer: (env) => startListening({ env: { ...env, ...own }, signIn: createSignIn }),
  });
}
