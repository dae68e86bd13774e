interface Client {
  readonly clientId: string;
  readonly rootUrl?: string;
  readonly redirectUris?: readonly string[];
  readonly webOrigins?: readonly string[];
}

interface RealmRepresentation {
  readonly realm: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly clients?: readonly Client[];
}

/**
 * The realm file with the settings of this run, changed in the same places as the embedded auth
 * server changes it: browser clients at another address, attributes.
 */
export function realmRepresentation(
  json: string,
  options: { uiUrl?: string; personServerUrl?: string; attributes?: Readonly<Record<string, string>> },
): RealmRepresentation {
  const { attributes, ...origins } = options;
  const realm = JSON.parse(json) as RealmRepresentation;
  return {
    ...realm,
    attributes: { ...realm.attributes, ...attributes },
    clients: (realm.clients ?? []).map((client) => moved(client, origins)),
  };
}

function moved(client: Client, origins: { uiUrl?: string; personServerUrl?: string }): Client {
  const isPersonServer = client.clientId === "person-server";
  const newUrl = isPersonServer ? origins.personServerUrl : origins.uiUrl;
  const oldUrl = isPersonServer ? client.redirectUris?.[0] : client.rootUrl;
  if (oldUrl === undefined || newUrl === undefined) return client;
  const from = new URL(oldUrl).origin;
  const to = new URL(newUrl).origin;
  const move = (address: string) =>
    address === from || address.startsWith(`${from}/`) ? to + address.slice(from.length) : address;
  return {
    ...client,
    ...(client.rootUrl !== undefined && { rootUrl: move(client.rootUrl) }),
    redirectUris: (client.redirectUris ?? []).map(move),
    webOrigins: (client.webOrigins ?? []).map(move),
  };
}
