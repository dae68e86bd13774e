/** Probes of real servers on loopback: gates of both dialects, others, and proxies before them. */

import { lookup } from "node:dns/promises";
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { createDiscovery, generateSigningKey } from "aauth";
import { february2026Resource } from "aauth/february-2026";
import { protect } from "aauth/node";
import { createResource } from "aauth/resource";
import { afterEach, expect, test } from "vitest";
import { InputError } from "../src/index.ts";
import { probe } from "../src/probe/probe.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

interface Passed {
  path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** A gate for a signature by any key, behind a proxy that changes what it passes on. */
async function gate({
  level = "pseudonymous",
  change = () => {},
  knownAs,
}: {
  level?: "pseudonymous" | "identified";
  change?: (passed: Passed) => void;
  knownAs?: (address: string) => string;
} = {}): Promise<string> {
  let behind = "";
  const address = await listen((incoming, outgoing) => {
    const passed = { path: incoming.url ?? "/", headers: { ...incoming.headers } };
    change(passed);
    const { path, headers } = passed;
    const onward = request(
      `${behind}${path}`,
      { method: incoming.method, headers },
      (answer: IncomingMessage) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward.on("error", () => outgoing.destroy()));
  });
  const resource = createResource({
    profile: february2026Resource({ authServer: "http://localhost:8080/realms/x" }),
    resource: knownAs?.(address) ?? address,
    key: await generateSigningKey({ kid: "r" }),
    discovery: createDiscovery({ development: true }),
  });
  const own = protect(resource, { level });
  behind = await listen((incoming, outgoing) => own(incoming, outgoing, () => outgoing.end("served")));
  return address;
}

const movesTo = (path: string) => (passed: Passed) => {
  passed.path = path;
};
const replaces = (name: string, value: (before: unknown) => string | undefined) => ({
  change: ({ headers }: Passed) => {
    headers[name] = value(headers[name]);
    if (headers[name] === undefined) delete headers[name];
  },
});

test("a signature that a gate accepts, one that it wants more of, and a proxy that rewrites Host", async () => {
  expect(await probe(`${await gate()}/a?b=1`)).toMatchObject({ state: "accepted", requests: 2 });
  const rewriting = await gate(replaces("host", () => "inner:8080"));
  expect(await probe(rewriting)).toMatchObject({ state: "accepted" });
  const found = await probe(await gate({ level: "identified" }));
  expect(found).toMatchObject({ state: "challenged", remedy: "Sign with a scheme that names the agent." });
});

test.each(["signature", "signature-input", "signature-key"])(
  "a proxy that drops %s is named",
  async (name) => {
    const { state, remedy } = await probe(await gate(replaces(name, () => undefined)));
    expect(state).toBe("refused");
    expect(remedy).toBe(`${name} was sent and did not arrive: a proxy on the way drops it. Let it pass on.`);
  },
);

test("a proxy that adds a second signature is named", async () => {
  const joined = await gate(replaces("signature", (before) => `${before}, other=:AAAA:`));
  expect((await probe(joined)).remedy).toContain("a proxy on the way changes one of them");
});

test.each<[string, string, (passed: Passed) => void, string]>([
  ["adds a slash", "/a", movesTo("/a/"), "/a/"],
  ["strips the first segment", "/api/a", movesTo("/a"), "/a"],
  ["decodes", "/a%2Fb", movesTo("/a/b"), "/a/b"],
])("a proxy that %s is proven by a signature for the other path", async (_what, path, change, taken) => {
  const address = await gate({ change });
  const { state, remedy } = await probe(address + path);
  expect(state).toBe("refused");
  expect(remedy).toContain(`accepts a signature for ${address}${taken} on this request to ${address}${path}`);
  expect(remedy).toContain("a proxy on the way changes the path");
});

test("a server with another address is proven by the one in its metadata", async () => {
  const address = await gate({ knownAs: () => "http://reports.localhost:3000" });
  expect((await probe(address)).remedy).toContain("accepts a signature for http://reports.localhost:3000/");
});

test("a change that no single address explains is not guessed", async () => {
  const address = await gate({ change: movesTo("/elsewhere/entirely") });
  const { state, remedy, requests } = await probe(`${address}/a`);
  expect(state).toBe("refused");
  expect(remedy).toMatch(/Which one cannot be known from this answer\.$/);
  expect(requests).toBeLessThanOrEqual(27);
});

test("a signature base that the server reports is compared, line by line", async () => {
  const address = await listen((incoming, outgoing) => {
    const base = `"@method": GET\n"@authority": ${incoming.headers.host}\n"@path": /inner${incoming.url}`;
    outgoing.writeHead(401).end(JSON.stringify({ error: "invalid_signature", base }));
  });
  const { sentence } = await probe(`${address}/a`);
  expect(sentence).toContain("differs from the signed one in @path: /inner/a");
  expect(sentence).toContain("signed as /a");
});

test.each<[string, RequestListener, string, RegExp]>([
  ["serves everybody", (_i, o) => o.end("hello"), "no_aauth", /same with and without a signature/],
  [
    "asks for a bearer token",
    (_i, o) => o.writeHead(401, { "www-authenticate": "Bearer" }).end(),
    "no_aauth",
    /asks for Bearer/,
  ],
  [
    "asks for another signature",
    (_i, o) => o.writeHead(401, { "accept-signature": 'sig1=("date");keyid="k"' }).end(),
    "refused",
    /not by AAuth/,
  ],
  ["fails", (_i, o) => o.writeHead(500).end(), "unknown", /cannot be known from this answer/],
  [
    "redirects",
    (_i, o) => o.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    "unknown",
    /no redirect is followed/,
  ],
])("a server that %s", async (_what, listener, state, sentence) => {
  const found = await probe(await listen(listener));
  expect(found.state).toBe(state);
  expect(found.sentence).toMatch(sentence);
});

test("draft -11: the fields arrive, and a made-up agent tells no more", async () => {
  const detail = "the documents of a party that the message names could not be read";
  const seen: IncomingMessage[] = [];
  const address = await listen((incoming, outgoing) => {
    seen.push(incoming);
    const isSigned = incoming.headers.signature !== undefined;
    outgoing.writeHead(401, {
      "signature-error": `error=${isSigned ? "unknown_key" : "invalid_signature"}`,
      "aauth-requirement": "requirement=agent-token",
    });
    outgoing.end(JSON.stringify({ error: "unknown_key", detail }));
  });
  const found = await probe(address);
  expect(found).toMatchObject({ state: "unknown", profile: "draft-11", requests: 2 });
  expect(found.sentence).toContain("cannot be known from this answer");
  expect(seen.map(({ method }) => method)).toEqual(["GET", "GET"]);
  expect(seen[1]?.headers["signature-key"]).toContain('jwt="');
});

test("names clocks that differ by the Date of the answer", async () => {
  const address = await listen((_incoming, outgoing) => {
    outgoing.writeHead(401, {
      date: new Date(Date.now() + 600_000).toUTCString(),
      "aauth-refusal": 'code=created_out_of_window, check=created, section="x"',
    });
    outgoing.end();
  });
  expect((await probe(address)).remedy).toMatch(/its clock is (?:599|600|601) s ahead of this one/);
});

test("a method that changes things is sent once, and only if it is given", async () => {
  const seen: (string | undefined)[] = [];
  const address = await listen(({ method }, outgoing) => {
    seen.push(method);
    outgoing.writeHead(401, { "aauth-refusal": "code=invalid_signature" }).end();
  });
  await probe(address, "POST");
  expect(seen).toEqual(["POST"]);
});

/** This machine by a name that is not `localhost`, if it has one. */
const aliases = await lookup(hostname()).then(
  ({ address }) => (address.startsWith("127.") ? [hostname()] : []),
  () => [],
);
test.skipIf(aliases.length === 0)("X22: loopback is not reached by a name that is not its own", async () => {
  await expect(probe(`https://${aliases[0]}:9/`)).rejects.toMatchObject({ code: "blocked_address" });
});

test("a private network, plain http and credentials are refused", async () => {
  for (const [address, code] of [
    ["http://resource.example/", "blocked_address"],
    ["https://10.0.0.1/", "blocked_address"],
    ["https://169.254.169.254/latest", "blocked_address"],
    ["http://user:secret@localhost:1/", "bad_usage"],
    ["ftp://localhost/", "bad_usage"],
  ] as const) {
    const failed = await probe(address).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(InputError);
    expect(failed).toMatchObject({ code, message: expect.not.stringContaining("secret") });
  }
});

test("an endless answer, and a closed port, end the probe with a code", async () => {
  const address = await listen((_incoming, outgoing) => {
    const more = () =>
      void (outgoing.destroyed || setImmediate(() => outgoing.write("x".repeat(10_000), more)));
    more();
  });
  await expect(probe(address)).rejects.toMatchObject({
    code: "no_answer",
    message: "the answer has more than 64 KiB",
  });
  await expect(probe("http://127.0.0.1:9/")).rejects.toMatchObject({ code: "no_answer" });
});
