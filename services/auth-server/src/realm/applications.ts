import type { Realm } from "./realm.ts";

/** An application that people may be led back to. */
export interface Application {
  readonly name: string;
  readonly url: string;
}

/** The realm's clients that say where they are: that is configuration, and nothing that a request could choose. */
export function applicationsOf(realm: Realm): readonly Application[] {
  return realm.clients.flatMap(({ enabled, rootUrl, name, clientId }) =>
    enabled && rootUrl !== undefined && /^https?:/i.test(rootUrl)
      ? [{ name: name ?? clientId, url: rootUrl }]
      : [],
  );
}
