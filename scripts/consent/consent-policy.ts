/** Scopes that need the user's consent: those listed, and those that begin with a listed prefix. */
export interface ConsentPolicy {
  readonly scopes: readonly string[];
  readonly prefixes: readonly string[];
}

export interface PolicyAccess {
  read(): Promise<ConsentPolicy>;
  /** Replaces both lists and leaves the realm's other attributes as they are. */
  write(policy: ConsentPolicy): Promise<void>;
}

/** The policy could not be read or written; the message contains reason and remedy. */
export class PolicyAccessError extends Error {
  override readonly name = "PolicyAccessError";
}

const ATTRIBUTES = {
  scopes: "aauth.consent.required.scopes",
  prefixes: "aauth.consent.required.scope.prefixes",
} as const;
/** Policy of a realm without these attributes (profile 6.4). */
const DEFAULTS: ConsentPolicy = {
  scopes: ["openid", "profile", "email"],
  prefixes: ["user.", "profile.", "email."],
};
const ANSWER_LIMIT_MS = 10_000;

type Members = Readonly<Record<string, unknown>>;

/**
 * Signs in as administrator and gives access to a realm's consent policy, through the part of
 * Keycloak's admin REST API that the embedded auth server speaks, too.
 *
 * @throws PolicyAccessError from this and from every method
 */
export async function openConsentPolicy(options: {
  authServer: string;
  realm: string;
  admin: string;
  password: string;
}): Promise<PolicyAccess> {
  const { authServer, realm, admin, password } = options;
  const url = `${authServer}/admin/realms/${encodeURIComponent(realm)}`;
  const signIn = await send(`${authServer}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: admin,
      password,
    }),
  });
  if (signIn.status === 400 || signIn.status === 401) {
    throw new PolicyAccessError(
      `The auth server refused administrator ${admin}: set KEYCLOAK_ADMIN and KEYCLOAK_ADMIN_PASSWORD.`,
    );
  }
  const { access_token: token } = await readAnswer(signIn);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

  async function attributes(): Promise<Members> {
    const reply = await send(url, { headers });
    if (reply.status === 404) throw new PolicyAccessError(`There is no realm ${realm} at ${authServer}.`);
    const { attributes = {} } = await readAnswer(reply);
    return attributes as Members;
  }

  return {
    async read() {
      const current = await attributes();
      return {
        scopes: wordsIn(current, ATTRIBUTES.scopes) ?? DEFAULTS.scopes,
        prefixes: wordsIn(current, ATTRIBUTES.prefixes) ?? DEFAULTS.prefixes,
      };
    },
    async write({ scopes, prefixes }) {
      // Keycloak removes attributes that are not sent, so all are sent back.
      const changed = {
        ...(await attributes()),
        [ATTRIBUTES.scopes]: JSON.stringify(scopes),
        [ATTRIBUTES.prefixes]: JSON.stringify(prefixes),
      };
      const body = JSON.stringify({ realm, attributes: changed });
      const reply = await send(url, { method: "PUT", headers, body });
      if (!reply.ok) await readAnswer(reply);
    },
  };

  async function send(address: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(address, { ...init, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    } catch (cause) {
      const message =
        (cause as Error).name === "TimeoutError"
          ? `The auth server at ${authServer} did not answer within ${ANSWER_LIMIT_MS / 1000} s.`
          : `No auth server answers at ${authServer}: start one (npm run demo), give this command the variables of a demo with other ports, or name the server with --auth-server.`;
      throw new PolicyAccessError(message, { cause });
    }
  }
}

async function readAnswer(reply: Response): Promise<Members> {
  const text = await reply.text().catch(() => "");
  try {
    const answer: unknown = JSON.parse(text);
    if (reply.ok && typeof answer === "object" && answer !== null) return answer as Members;
  } catch {
    // reported below
  }
  throw new PolicyAccessError(
    `The auth server answered with status ${reply.status}: ${text.slice(0, 500)}\n` +
      "The embedded one is administered from this machine only, and only while its own address is http.",
  );
}

/** Undefined when the realm does not have the attribute. */
function wordsIn(attributes: Members, name: string): readonly string[] | undefined {
  const text = attributes[name];
  if (text === undefined) return undefined;
  try {
    const words: unknown = JSON.parse(String(text));
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {
    // reported below
  }
  throw new PolicyAccessError(`The realm's attribute ${name} is not a JSON array of words.`);
}
