/** Right after its start Keycloak is slow, the more so where other programs start with it. */
const ANSWER_LIMIT_MS = 120_000;

/**
 * Creates a realm through the admin API, like `--import-realm` at the start, but from a value
 * instead of a file, so that every run can have its own.
 *
 * @throws Error with Keycloak's answer
 */
export async function importRealm(options: {
  origin: string;
  admin: { username: string; password: string };
  realm: object;
  /** Another node of the cluster may have it already. Default false. */
  mayExist?: boolean;
}): Promise<void> {
  const { origin, admin, realm, mayExist = false } = options;
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const signIn = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "password", client_id: "admin-cli", ...admin }),
    signal,
  });
  if (!signIn.ok) throw new Error(`Keycloak refused its administrator (status ${signIn.status})`);
  const { access_token } = (await signIn.json()) as { access_token: string };
  const reply = await fetch(`${origin}/admin/realms`, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify(realm),
    signal,
  });
  if (!reply.ok && !(mayExist && reply.status === 409))
    throw new Error(`Keycloak rejected the realm (status ${reply.status}): ${await reply.text()}`);
}
