import { type Policy, parsePolicy } from "./policy.ts";
import type { Realm } from "./realm.ts";

/** The realm as it is now: the file's content, with attributes that an administrator may replace while the server runs. */
export interface RealmState {
  readonly realm: Realm;
  attributes(): Readonly<Record<string, string>>;
  policy(): Policy;
  /** Takes effect for the next request. Throws, and changes nothing, when the attributes are not usable. */
  replaceAttributes(attributes: Readonly<Record<string, string>>): void;
}

export function createRealmState(realm: Realm): RealmState {
  let attributes: Readonly<Record<string, string>> = realm.attributes;
  let policy = parsePolicy(attributes);
  return {
    realm,
    attributes: () => attributes,
    policy: () => policy,
    replaceAttributes(replacement) {
      policy = parsePolicy(replacement);
      attributes = { ...replacement };
    },
  };
}
