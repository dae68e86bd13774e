/** Faults of the signer itself: the bytes that it signs, and the key that it signs them with. */

import { draft11, generateSigningKey, type SigningKey, signRequest, toJwks } from "aauth";
import { february2026 } from "aauth/february-2026";
import { expect, test } from "vitest";
import { explainRecorded } from "../src/index.ts";

const url = "https://resource.example/a?b=c";
const key = await generateSigningKey({ kid: "named" });
const other = await generateSigningKey({ kid: "other" });

/** Explains a request that names `key`, with a signature of other bytes or by another key. */
async function explain(signer: SigningKey, change: (base: string) => string, given: readonly SigningKey[]) {
  const options = { key, signatureKey: { scheme: "hwk" }, profile: february2026 } as const;
  const { headers, signatureBase } = await signRequest({ method: "GET", url }, options);
  const bytes = await signer.sign(new TextEncoder().encode(change(signatureBase)));
  const signature = `sig1=:${Buffer.from(bytes).toString("base64")}:`;
  const message = { method: "GET", url, headers: { ...headers, signature } };
  const keys = given.length === 0 ? [] : [JSON.stringify(toJwks(given))];
  return explainRecorded({ message }, { profiles: [draft11, february2026], keys });
}

const same = (base: string) => base;

test("the key that signed is named if it is given, and else is not known", async () => {
  expect((await explain(key, same, [])).verdict).toBe("accepted");
  expect((await explain(other, same, [other])).remedy).toMatchObject({
    state: "named",
    text: expect.stringContaining("It was signed with the key other, and names another one"),
    edit: { part: "key" },
  });
  expect((await explain(other, same, [])).remedy).toMatchObject({ state: "unknown" });
});

test.each<[string, (base: string) => string]>([
  ["it has a line end after its last line", (base) => `${base}\n`],
  ["its lines end with CRLF", (base) => base.replaceAll("\n", "\r\n")],
  ["it lacks the line @signature-params", (base) => base.slice(0, base.lastIndexOf("\n"))],
])("a signer's base is named: %s", async (what, change) => {
  const { code, remedy } = await explain(key, change, []);
  expect({ code, remedy }).toMatchObject({
    code: "invalid_signature",
    remedy: { state: "named", text: expect.stringContaining(what), edit: { part: "base" } },
  });
});

test("a signer's base that two changes explain is not guessed", async () => {
  const { remedy } = await explain(key, (base) => `${base.replace("GET", "PUT")}\n`, []);
  expect(remedy).toMatchObject({ state: "unknown", text: expect.stringContaining("cannot be known") });
});
