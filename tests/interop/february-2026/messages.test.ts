/** Random messages between our library and the published one, in both directions. */

import { createInterface } from "node:readline";
import { generateSigningKey, signRequest } from "aauth";
import { february2026Published } from "aauth/february-2026";
import { createVerifier } from "aauth/resource";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";

const MESSAGES = 200;
const program = new URL("python/messages.py", import.meta.url).pathname;
const AUTHORITY = "resource.localhost:3000";

/**
 * Characters that the published library reads unchanged. It treats `;` as the start of a path
 * parameter and ignores a bare `?`.
 */
const readable = fc.stringMatching(/^[A-Za-z0-9._~!$&'()*+,=:@%-]{1,20}$/);
const message = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
  path: fc.array(readable, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
  query: fc.option(readable, { nil: undefined }),
});
const urlOf = ({ path, query }: { path: string; query: string | undefined }) =>
  `http://${AUTHORITY}${path}${query === undefined ? "" : `?${query}`}`;

const python = { ask: (_question: object): Promise<unknown> => Promise.reject(), end: () => {} };
beforeAll(() => {
  const child = spawnGuarded(process.env.PYTHON_UNDER_TEST!, [program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  python.ask = async (question) => {
    child.stdin!.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(String((await lines.next()).value));
  };
  python.end = () => child.stdin!.end();
});
afterAll(() => python.end());

test(`the published library verifies ${MESSAGES} messages of ours`, async () => {
  const key = await generateSigningKey({ kid: "1" });
  const verified = fc.asyncProperty(message, async (random) => {
    const { method } = random;
    const url = urlOf(random);
    const options = { key, signatureKey: { scheme: "hwk" }, profile: february2026Published } as const;
    const { headers } = await signRequest({ method, url, headers: {} }, options);
    expect(await python.ask({ do: "verify", method, url, headers })).toBe(true);
    const elsewhere = url.replace(AUTHORITY, "elsewhere.localhost");
    expect(await python.ask({ do: "verify", method, url: elsewhere, headers })).toBe(false);
  });
  await fc.assert(verified, { numRuns: MESSAGES });
});

const verifier = createVerifier({
  profile: february2026Published,
  authorities: [AUTHORITY],
  discovery: createTestDiscovery({}),
});

async function judged(method: string, url: string): Promise<string> {
  const signed = (await python.ask({ do: "sign", method, url, headers: {} })) as Record<string, string>;
  const headers = Object.fromEntries(
    Object.entries(signed).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const target = url.slice(`http://${AUTHORITY}`.length);
  return verifier.verifyRequest({ method, target, headers, body: undefined }, { level: "pseudonymous" }).then(
    ({ caller }) => caller.level,
    (error) => error.code,
  );
}

test(`ours verifies ${MESSAGES} messages of the published library`, async () => {
  const verified = fc.asyncProperty(message, async (random) => {
    expect(await judged(random.method, urlOf(random))).toBe("pseudonymous");
  });
  await fc.assert(verified, { numRuns: MESSAGES });
});

test.each(["/a;b", "/a?"])("%s, which it signs as something else, is refused", async (target) => {
  expect(await judged("GET", `http://${AUTHORITY}${target}`)).toMatch(
    /invalid_signature|insufficient_coverage/,
  );
});
