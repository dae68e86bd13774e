interface Client {
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
 * The realm file as this run wants it, changed in the same places as the embedded auth server changes it: browser clients at another
 * address, attributes.
 */
export function realmRepresentation(
  json: string,
  options: { uiUrl?: string; attributes?: Readonly<Record<string, string>> },
): RealmRepresentation {
  const { uiUrl, attributes } = options;
  const realm = JSON.parse(json) as RealmRepresentation;
  return {
    ...realm,
    attributes: { ...realm.attributes, ...attributes },
    clients: (realm.clients ?? []).map((client) => (uiUrl === undefined ? client : moved(client, uiUrl))),
  };
}

function moved(client: Client, uiUrl: string): Client {
  if (client.rootUrl === undefined) return client;
  const from = new URL(client.rootUrl).origin;
  const to = new URL(uiUrl).origin;
  const move = (address: string) =>
    address === from || address.startsWith(`${from}/`) ? to + address.slice(from.length) : address;
  return {
    ...client,
    rootUrl: move(client.rootUrl),
    redirectUris: (client.redirectUris ?? []).map(move),
    webOrigins: (client.webOrigins ?? []).map(move),
  };
}
