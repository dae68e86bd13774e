import type { Site } from "issuer-kit";
import { z } from "zod";

const stringMap = z.record(z.string(), z.string());

/**
 * Keycloak's patterns are not supported: with a prefix, an open redirect below it could send codes
 * elsewhere.
 */
const exactAddress = z
  .url({ protocol: /^https?$/, error: "expected an http or https URL" })
  .refine((uri) => !uri.includes("*") && !uri.includes("#"), "expected an exact URL, without * and #");

const clientSchema = z.looseObject({
  clientId: z.string().min(1),
  name: z.string().optional(),
  enabled: z.boolean().default(true),
  publicClient: z.literal(true, { error: "only public clients are supported: set publicClient to true" }),
  standardFlowEnabled: z.boolean().default(true),
  directAccessGrantsEnabled: z.boolean().default(false),
  rootUrl: z.url({ protocol: /^https?$/ }).optional(),
  redirectUris: z.array(exactAddress).default([]),
  webOrigins: z.array(z.url()).default([]),
  attributes: stringMap.default({}),
});

const userSchema = z.looseObject({
  id: z.uuid(),
  username: z.string().min(1),
  enabled: z.boolean().default(true),
  email: z.email().optional(),
  emailVerified: z.boolean().default(false),
  firstName: z.string().default(""),
  lastName: z.string().default(""),
  credentials: z.array(z.looseObject({ type: z.string(), value: z.string().optional() })).default([]),
  realmRoles: z.array(z.string()).default([]),
});

/**
 * The part of a Keycloak realm export that this server supports, with Keycloak's field names and
 * times in seconds.
 */
const realmSchema = z.looseObject({
  realm: z.string().regex(/^[A-Za-z0-9_-]+$/, "expected letters, digits, - and _"),
  displayName: z.string().optional(),
  enabled: z.literal(true, { error: "the realm is disabled, so there is nothing to serve" }).default(true),
  loginWithEmailAllowed: z.boolean().default(true),
  revokeRefreshToken: z.boolean().default(false),
  accessTokenLifespan: z.int().positive().default(300),
  ssoSessionIdleTimeout: z.int().positive().default(1800),
  ssoSessionMaxLifespan: z.int().positive().default(36_000),
  accessCodeLifespan: z.int().positive().default(60),
  accessCodeLifespanLogin: z.int().positive().default(1800),
  /** Wrong passwords allowed per account within `maxFailureWaitSeconds`. */
  failureFactor: z.int().positive().default(30),
  maxFailureWaitSeconds: z.int().positive().max(86_400).default(900),
  attributes: stringMap.default({}),
  clients: z.array(clientSchema).default([]),
  users: z.array(userSchema).default([]),
});

export type Realm = z.output<typeof realmSchema>;
export type RealmClient = z.output<typeof clientSchema>;
export type RealmUser = z.output<typeof userSchema>;

/** Client of the person server in the demo's realm file. */
const PERSON_SERVER_CLIENT = "person-server";

/** Origins of a realm's clients, to run a second stack with the same file. */
export interface ClientOrigins {
  /** Origin of every client with a `rootUrl`. Default: as in the file. */
  readonly uiUrl?: string | undefined;
  /** Origin of the person server's client. Default: as in the file. */
  readonly personServerUrl?: string | undefined;
}

/**
 * Reads a realm export, ignoring disabled clients and users.
 *
 * @throws Error that names each invalid field
 */
export function parseRealm(json: string, origins: ClientOrigins = {}): Realm {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw new Error("the realm file is not JSON", { cause });
  }
  const parsed = realmSchema.safeParse(data);
  if (!parsed.success) throw new Error(`invalid realm file: ${z.prettifyError(parsed.error)}`);
  const clients = parsed.data.clients.filter(({ enabled }) => enabled);
  return {
    ...parsed.data,
    clients: clients.map((client) => moveClient(client, origins)),
    users: parsed.data.users.filter(({ enabled }) => enabled),
  };
}

function moveClient(client: RealmClient, { uiUrl, personServerUrl }: ClientOrigins): RealmClient {
  const isPersonServer = client.clientId === PERSON_SERVER_CLIENT;
  const newUrl = isPersonServer ? personServerUrl : uiUrl;
  const oldUrl = isPersonServer ? client.redirectUris[0] : client.rootUrl;
  if (oldUrl === undefined || newUrl === undefined) return client;
  const from = new URL(oldUrl).origin;
  const to = new URL(newUrl).origin;
  const move = (value: string) =>
    value === from || value.startsWith(`${from}/`) ? to + value.slice(from.length) : value;
  return {
    ...client,
    ...(client.rootUrl !== undefined && { rootUrl: move(client.rootUrl) }),
    redirectUris: client.redirectUris.map(move),
    webOrigins: client.webOrigins.map(move),
  };
}

/** Same colours as in `PARTY_COLOURS` of `topology`. */
const COLOURS: Site["colours"] = ["#2450c8", "#8fb0ff"];

/** Page frame with the party's colours, the realm's name, and links to its browser clients. */
export function siteOf({ displayName, realm, clients }: Realm): Site {
  return {
    name: `Auth server · ${displayName ?? realm}`,
    colours: COLOURS,
    applications: clients.flatMap(({ name, clientId, rootUrl }) =>
      rootUrl === undefined ? [] : [{ name: name ?? clientId, url: rootUrl }],
    ),
  };
}
