import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runExplainCommand } from "../../scripts/explain/explain-command.ts";

const SAMPLES = fileURLToPath(new URL("../../docs/samples/", import.meta.url));
const KEYS = ["--jwks", "keys.json"];

/** Runs the command over a sample, or over a text as standard input. */
async function explain(
  argv: readonly string[],
  input?: string | Uint8Array,
  options: { colour?: boolean } = {},
) {
  let out = "";
  let problem = "";
  const status = await runExplainCommand(argv, {
    read: async (name) => {
      if (name !== "-") return readFile(`${SAMPLES}${name}`);
      return typeof input === "string" ? new TextEncoder().encode(input) : (input ?? new Uint8Array());
    },
    print: (text) => {
      out += `${text}\n`;
    },
    printError: (text) => {
      problem += `${text}\n`;
    },
    colour: options.colour ?? false,
    now: () => 1_800_000_000,
  });
  return { status, out, problem };
}

const sample = (name: string) => readFile(`${SAMPLES}${name}`, "utf8");

describe("a signed request is taken apart", () => {
  test("raw, by the key in it: accepted, and both implementations agree", async () => {
    const { status, out } = await explain(["hwk.http"]);
    expect(status).toBe(0);
    expect(out).toContain(
      "ACCEPTED from a pseudonymous caller with key poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U",
    );
    expect(out).toContain("✓ signature        profile 2.3");
    expect(out).toContain("✓ http-message-signatures builds the same base");
    expect(out).toContain("✓ http-message-signatures: the signature verifies with it");
    expect(out).toContain("when it was signed");
  });

  test("raw, with a changed body: refused, and by which check", async () => {
    const { status, out } = await explain(["changed-body.http"]);
    expect(status).toBe(1);
    expect(out).toContain("REFUSED digest_mismatch");
    expect(out).toMatch(/✕ content-digest {3}profile 2\.6 +digest_mismatch: /);
  });

  test("a curl line, by keys from a file", async () => {
    expect((await explain(["jwks.curl", ...KEYS])).out).toContain(
      "ACCEPTED from http://backend.localhost:8000 (identified)",
    );
  });

  test("a recording, each request of it", async () => {
    const { status, out } = await explain(["autonomous.har", ...KEYS, "--scope", "supply-chain:optimize"]);
    expect(status).toBe(1);
    expect(out).toContain("REFUSED authorization_required");
    expect(out).toContain("ACCEPTED from http://backend.localhost:8000 (authorized)");
    expect(out).toContain("the only resource that accepts it");
    expect(out).toContain("when it was recorded");
    expect(out).not.toMatch(/eyJ[\w-]{20}/);
  });

  test("one request of a recording", async () => {
    const argv = ["autonomous.har", ...KEYS, "--scope", "supply-chain:optimize", "--entry", "2"];
    expect(await explain(argv)).toMatchObject({ status: 0 });
  });

  test("from standard input, with lines that end with LF alone", async () => {
    const text = (await sample("hwk.http")).replaceAll("\r\n", "\n");
    expect(await explain(["-"], `${text}\n`)).toMatchObject({ status: 0 });
  });

  test("as JSON", async () => {
    const { out } = await explain(["changed-body.http", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      verdict: "refused",
      code: "digest_mismatch",
      judgedAt: { source: "created" },
      signatureBase: { agree: true },
    });
  });
});

describe("what it is judged by", () => {
  test.each([
    ["the present time, when it is asked for", ["hwk.http", "--at", "now"], "created_out_of_window"],
    ["a given time", ["hwk.http", "--at", "1770000061"], "created_out_of_window"],
    ["a level", ["hwk.http", "--level", "identified"], "identity_required"],
    [
      "an audience",
      ["autonomous.har", "--entry", "2", ...KEYS, "--audience", "http://x.localhost"],
      "token_audience_mismatch",
    ],
    [
      "issuers",
      ["autonomous.har", "--entry", "2", ...KEYS, "--issuer", "http://x.localhost"],
      "untrusted_issuer",
    ],
    ["scopes", ["autonomous.har", "--entry", "2", ...KEYS, "--scope", "more"], "insufficient_scope"],
    ["keys that are given, and no others", ["jwks.curl"], "discovery_failed"],
  ])("%s", async (_what, argv, code) => {
    const { status, out } = await explain(argv);
    expect(status).toBe(1);
    expect(out).toContain(`REFUSED ${code}`);
  });

  test("what was not said is told", async () => {
    const { out } = await explain(["autonomous.har", "--entry", "2", ...KEYS]);
    expect(out).toContain("Assumed: issuer http://localhost:8080/realms/aauth-test is trusted");
    expect(out).toContain("Assumed: the resource is http://supply-chain-agent.localhost:3000");
  });

  test("a token of an issuer that nobody can trust is refused, not an error", async () => {
    const har = (await sample("autonomous.har")).replaceAll(
      /(\.)(eyJ[\w-]+)(\.)/g,
      (_all, one, claims, two) => {
        const { iss, ...others } = JSON.parse(Buffer.from(claims, "base64url").toString());
        return one + Buffer.from(JSON.stringify({ iss: `${iss}/`, ...others })).toString("base64url") + two;
      },
    );
    const { status, out } = await explain(["-", "--entry", "2", ...KEYS], har);
    expect(status).toBe(1);
    expect(out).toContain("REFUSED untrusted_issuer");
  });

  test("colour is for terminals", async () => {
    expect((await explain(["hwk.http"])).out).not.toContain("\u001b");
    expect((await explain(["hwk.http"], undefined, { colour: true })).out).toContain("\u001b[32m");
  });
});

describe("input of no use is told with a code, and with status 2", () => {
  test.each<[string, string[], string | Uint8Array | undefined]>([
    ["empty_input", ["-"], " \n"],
    ["not_a_request", ["-"], "hello"],
    ["not_a_request", ["-"], "POST / HTTP/1.1\nsignature: x\n\n"],
    ["malformed_header", ["-"], "POST / HTTP/1.1\nHost: x\nno header\n\n"],
    ["malformed_curl", ["-"], "curl -H 'a: b"],
    ["malformed_curl", ["-"], "curl -H 'a: b'"],
    ["malformed_curl", ["-"], "curl http://localhost/ -d @file"],
    ["unknown_curl_option", ["-"], "curl --upload-file x http://localhost/"],
    ["not_a_har", ["-"], "{"],
    ["not_a_har", ["-"], '{"log":5}'],
    [
      "no_signed_entry",
      ["-"],
      '{"log":{"entries":[{"request":{"method":"GET","url":"http://localhost/"}}]}}',
    ],
    ["input_too_large", ["-"], new Uint8Array(17 * 1024 * 1024)],
    ["cannot_read", ["not-there.http"], undefined],
    ["malformed_jwks", ["jwks.curl", "--jwks", "hwk.http"], undefined],
    ["malformed_jwks", ["jwks.curl", "--jwks", "autonomous.har"], undefined],
    ["bad_usage", [], undefined],
    ["bad_usage", ["hwk.http", "more"], undefined],
    ["bad_usage", ["hwk.http", "--nonsense"], undefined],
    ["bad_usage", ["hwk.http", "--at", "yesterday"], undefined],
    ["bad_usage", ["hwk.http", "--level", "high"], undefined],
    ["bad_usage", ["autonomous.har", "--entry", "9"], undefined],
    ["bad_usage", ["autonomous.har", "--audience", "http://x.localhost/"], undefined],
    ["bad_usage", ["autonomous.har", "--issuer", "http://x.localhost/"], undefined],
  ])("%s for %j", async (code, argv, input) => {
    const { status, out, problem } = await explain(argv, input);
    expect(problem).toContain(`explain: ${code}: `);
    expect(status).toBe(2);
    expect(out).toBe("");
  });

  test("a request that is not signed is refused, not an error", async () => {
    const { status, out } = await explain(["-"], "GET /x HTTP/1.1\nHost: resource.example\n\n");
    expect(status).toBe(1);
    expect(out).toContain("REFUSED missing_signature");
  });
});

test("curl as browsers copy it: $'…', joined options, continued lines", async () => {
  const text = (await sample("jwks.curl"))
    .replace("curl 'http", "curl --compressed -XPOST --url 'http")
    .replace(
      /--data-raw '(.*)'/,
      (_line, body: string) => `--data-raw $'${body.replaceAll('"', "\\u0022")}'`,
    );
  expect(await explain(["-", ...KEYS], text)).toMatchObject({ status: 0 });
});

test("--help tells the flags", async () => {
  expect(await explain(["--help"])).toMatchObject({ status: 0, out: expect.stringContaining("--jwks FILE") });
});
