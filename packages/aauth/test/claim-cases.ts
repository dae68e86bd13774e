import type { Discovery } from "../src/discovery/discovery.ts";
import { importSigningKey } from "../src/keys/signing-key.ts";
import type { IssuerJwk } from "../src/types.ts";

export { codeOf } from "./refusal.ts";

/** The public test keys of RFC 9421 B.1.4 and RFC 8037 A.1. */
export const keyA = await importSigningKey(
  {
    kty: "OKP",
    crv: "Ed25519",
    x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
    d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
  },
  { kid: "key-a" },
);
export const keyB = await importSigningKey(
  {
    kty: "OKP",
    crv: "Ed25519",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  },
  { kid: "key-b" },
);

/** A discovery with a few keys, which records the parties it was asked for. */
export function knownKeys(keys: readonly object[]): Discovery & { asked: string[] } {
  const asked: string[] = [];
  const none = async () => {
    throw new Error("no documents here");
  };
  return {
    asked,
    metadata: none,
    replacedKey: async () => undefined,
    keys: none,
    async key(kind, id, kid) {
      asked.push(`${kind.name} ${id}`);
      const jwk = (keys as readonly IssuerJwk[]).find((key) => key.kid === kid);
      if (jwk === undefined) throw Object.assign(new Error("unknown"), { code: "unknown_key" });
      return { jwk, source: "discovery" };
    },
  };
}

/** Values that no string claim and no time claim may have. */
export const NO_TEXT: readonly unknown[] = [7, null, true, [], ["a"], {}, ""];
export const NO_TIME: readonly unknown[] = ["x", "1730217600", null, true, [], {}];
export const NO_AUDIENCE: readonly unknown[] = [7, null, true, [], [7], {}, ""];

/** One row for each value, with a name that a failing test shows. */
export function wrongTypes(
  claims: Readonly<Record<string, readonly unknown[]>>,
): [name: string, claims: Record<string, unknown>][] {
  return Object.entries(claims).flatMap(([name, values]) =>
    values.map((value): [string, Record<string, unknown>] => [
      `${name}: ${JSON.stringify(value)}`,
      { [name]: value },
    ]),
  );
}
