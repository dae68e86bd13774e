import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { draft11, toJwks } from "aauth";
import { february2026 } from "aauth/february-2026";
import { signedRequest, testKey } from "aauth/testing";
import { type SavedEvidence, type SavedRun, savedRunPage, toBase64 } from "aauth-explain";
import { describe, expect, test } from "vitest";
import { runExplainCommand } from "../../packages/aauth-explain/src/command/explain-command.ts";

const SAMPLES = fileURLToPath(new URL("../../docs/samples/", import.meta.url));
const KEYS = ["--jwks", "keys.json"];
/** The number of an entry follows. */
const DRAFT_11 = ["draft-11.har", ...KEYS, "--entry"];

/** Runs the command with samples, standard input and other files. */
async function explain(
  argv: readonly string[],
  input?: string | Uint8Array,
  { colour = false, files = {} }: { colour?: boolean; files?: Readonly<Record<string, string>> } = {},
) {
  let out = "";
  let problem = "";
  const status = await runExplainCommand(argv, {
    read: async (name) => {
      const text = name === "-" ? (input ?? "") : files[name];
      if (text === undefined) return readFile(`${SAMPLES}${name}`);
      return typeof text === "string" ? new TextEncoder().encode(text) : text;
    },
    print: (text) => {
      out += `${text}\n`;
    },
    printError: (text) => {
      problem += `${text}\n`;
    },
    colour,
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

  test("prints the explanation as JSON", async () => {
    const { out } = await explain(["changed-body.http", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      verdict: "refused",
      code: "digest_mismatch",
      judgedAt: { source: "created" },
      signatureBase: { agree: true },
    });
  });
});

describe("draft -11, by the shape of the message", () => {
  const HAR = ["draft-11.har", ...KEYS];

  test("a recording: each request with its profile, sections and token, and its answer", async () => {
    const { status, out } = await explain(HAR);
    expect(status).toBe(0);
    expect(out.match(/^ACCEPTED from .*$/gm)).toEqual([
      "ACCEPTED from aauth:planner@agent.example (agent-token)",
      "ACCEPTED from aauth:planner@agent.example (agent-token)",
      "ACCEPTED from aauth:planner@agent.example (agent-token)",
      expect.stringMatching(
        /^ACCEPTED from an agent with key \S+ for user \S+ of https:\/\/ps\.example \(person-token\)$/,
      ),
      expect.stringMatching(/\(person-token\)$/),
      "ACCEPTED from aauth:planner@agent.example (agent-token)",
      "ACCEPTED from aauth:planner@agent.example (agent-token)",
      expect.stringMatching(/^ACCEPTED from an agent .* \(auth-token\)$/),
    ]);
    expect(out).toContain("GET /me at resource.example, 0 bytes of body, draft-11");
    expect(out).toContain("✓ signature        draft -11, section 11.3.4 step 7");
    expect(out.match(/✓ http-message-signatures builds the same base/g)).toHaveLength(8);
    expect(out.match(/✓ http-message-signatures: the signature verifies with it/g)).toHaveLength(8);
    for (const title of [
      "Token in signature-key: aa-agent+jwt, draft -11, section 5.3",
      "Token in signature-key: aa-person+jwt, draft -11, section 7.1",
      "Token in aauth-requirement: aa-resource+jwt, draft -11, section 6.7",
      "Token in body, resource_token: aa-resource+jwt, draft -11, section 6.7",
      "Token in answer, person_token: aa-person+jwt, draft -11, section 7.1",
      "Token in signature-key: aa-auth+jwt, draft -11, section 9.4",
    ]) {
      expect(out).toContain(title);
    }
    expect(out).toMatch(/Response: 401\n {2}aauth-requirement:\n {4}requirement: person-token/);
    expect(out).toContain("the person, as only this resource knows them");
    expect(out).not.toMatch(/eyJ[\w-]{20}/);
  });

  test("as a raw request and as a curl line, too", async () => {
    const { log } = JSON.parse(await sample("draft-11.har"));
    const { method, url, headers, postData } = log.entries[7].request;
    const { host, pathname } = new URL(url);
    const lines = headers.map(({ name, value }: { name: string; value: string }) => `${name}: ${value}`);
    const raw = [`${method} ${pathname} HTTP/1.1`, ...lines, "", postData.text].join("\r\n");
    expect(await explain(["-", ...KEYS, "--scope", "data.read"], raw)).toMatchObject({ status: 0 });
    const changed = raw.replace(/2026-11(?=\D*$)/, "2026-12");
    expect((await explain(["-", ...KEYS], changed)).out).toContain("REFUSED digest_mismatch");
    const curl = `curl 'https://${host}${pathname}' ${lines.map((line: string) => `-H '${line}'`).join(" ")} --data-raw '${postData.text}'`;
    expect(await explain(["-", ...KEYS, "--level", "person-token"], curl)).toMatchObject({ status: 0 });
  });

  test.each([
    ["a level of February 2026", ["--level", "identified"], "--level is one of agent-token"],
    [
      "an audience with a port",
      ["--audience", "https://resource.example:8443"],
      "--audience is no identifier in draft-11",
    ],
    ["an unknown endpoint", ["--endpoint", "x"], "--endpoint is one of resource, token, pending"],
  ])("%s is not valid", async (_what, argv, problem) => {
    const answer = await explain([...HAR, ...argv]);
    expect(answer).toMatchObject({ status: 2, problem: expect.stringContaining(problem) });
  });

  test("a recording with the connected address names the called party in Host", async () => {
    const text = (await sample("draft-11.har")).replaceAll(
      "https://resource.example/",
      "http://127.0.0.1:4013/",
    );
    expect(await explain(["-", ...KEYS], text)).toMatchObject({ status: 0 });
  });

  test("an address that is not an identifier needs the name of its party", async () => {
    const text = (await sample("draft-11.har"))
      .replaceAll('"https://resource.example/me"', '"http://127.0.0.1:4013/me"')
      .replaceAll('"resource.example"', '"127.0.0.1:4013"');
    const { problem } = await explain(["-", ...KEYS, "--entry", "4"], text);
    expect(problem).toContain("http://127.0.0.1:4013 is no identifier in draft-11: --audience");
  });

  test("a server's own signature is judged as at a revocation endpoint, as the output states", async () => {
    const key = await testKey("B", "ps-1");
    const url = "https://resource.example/aauth/revoke";
    const { headers, body } = await signedRequest({
      profile: draft11,
      url,
      key,
      now: () => 1_795_851_144,
      endpoint: "revocation",
      body: '{"jti":"1","exp":2}',
      signatureKey: { scheme: "jwks_uri", id: "https://ps.example", document: "aauth-person.json" },
    });
    const lines = Object.entries({ host: "resource.example", ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const raw = ["POST /aauth/revoke HTTP/1.1", ...lines, "", new TextDecoder().decode(body)].join("\r\n");
    const { status, out } = await explain(["-", ...KEYS], raw);
    expect(status, out).toBe(0);
    expect(out).toContain("ACCEPTED from https://ps.example (server)");
    expect(out).toContain("Assumed: it was sent to a revocation endpoint (--endpoint)");
  });
});

describe("A10: a message that talks to the terminal", () => {
  const HOSTILE =
    "x\u001b[2J\u001b[32m\u202eroot\u2066\u200b\ufeff\u0007\u009b1A\u2028ACCEPTED\r\nACCEPTED from http://root (authorized)";
  /** Characters that a terminal acts on; the line ends and the colours are the command's own. */
  const UNSEEN = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

  /**
   * A request with a token that has such characters in every claim, in a claim's name and below it,
   * and in its header.
   */
  function hostileRequest(where: "HAR" | "raw", authority = "backend.localhost"): string {
    const claims = {
      iss: HOSTILE,
      aud: [HOSTILE],
      sub: HOSTILE,
      scope: HOSTILE,
      [HOSTILE]: { deep: [HOSTILE] },
    };
    const jwt = `${part({ alg: "EdDSA", typ: `auth+jwt${HOSTILE}`, kid: HOSTILE })}.${part(claims)}.c2ln`;
    const fields = {
      "signature-key": `sig1=(scheme=jwt jwt="${jwt}")`,
      "signature-input": 'sig1=("@method" "x-note" "signature-key");created=1770000000',
      signature: `sig1=:${Buffer.alloc(64).toString("base64")}:`,
    };
    if (where === "raw") {
      const lines = Object.entries({ host: authority, ...fields, "x-note": "\u001b[2J\u202e" });
      return `GET /\u202e HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
    }
    const headers = Object.entries({ ...fields, "x-note": HOSTILE }).map(([name, value]) => ({
      name,
      value,
    }));
    const request = { method: "GET", url: `http://${authority}/${HOSTILE}`, headers };
    return JSON.stringify({ log: { entries: [{ startedDateTime: "2026-02-02T02:40:00.000Z", request }] } });
  }

  test.each([
    ["A10: in a token of a recording", hostileRequest("HAR"), []],
    ["A10: in a token of a raw request", hostileRequest("raw"), []],
    ["A10: as JSON", hostileRequest("raw"), ["--json"]],
    ["A10: as JSON, of a recording", hostileRequest("HAR"), ["--json"]],
    ["A10: in a host", hostileRequest("raw", "x\u202e.localhost"), []],
    ["A10: in what cannot be read", `\u001b[2J\u202e${HOSTILE}`, []],
    ["A10: in a curl line", `curl $'http://x\u202e.localhost/' -H $'x-\u202e: \u001b[2J' --\u202e`, []],
  ])("%s writes only visible characters, and no additional line", async (_what, input, flags) => {
    const { out, problem } = await explain(["-", ...flags], input);
    expect(out + problem).not.toBe("\n");
    expect(out + problem).not.toMatch(UNSEEN);
    expect(out).not.toMatch(/^\s*ACCEPTED/mu);
  });

  test("A10: in a flag", async () => {
    const { problem } = await explain(["hwk.http", "--audience", HOSTILE, "--\u202e"]);
    expect(problem).not.toMatch(UNSEEN);
    const scope = HOSTILE.replace(/\s/g, "");
    const { out } = await explain(["autonomous.har", "--entry", "2", ...KEYS, "--scope", scope]);
    expect(out).toContain("REFUSED insufficient_scope");
    expect(out).not.toMatch(UNSEEN);
  });

  test("A10: with colours, only the command's are printed", async () => {
    const { out } = await explain(["-"], hostileRequest("raw"), { colour: true });
    expect(out).toContain("\u001b[31mREFUSED");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the command's own colours
    const styled = [...out.matchAll(/\u001b\[(?:1|2|31|32)m[^\u001b]*\u001b\[0m/g)].length;
    expect(out.split("\u001b").length - 1).toBe(2 * styled);
    expect(out).toContain("x\\u001b[2J\\u001b[32m\\u202eroot");
  });
});

describe("keys and times of the judgement", () => {
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
    ["a level of draft -11", [...DRAFT_11, "1", "--level", "person-token"], "person_required"],
    ["scopes, in draft -11", [...DRAFT_11, "8", "--scope", "data.write"], "insufficient_scope"],
    [
      "an audience, in draft -11",
      [...DRAFT_11, "4", "--audience", "https://x.example"],
      "token_audience_mismatch",
    ],
    ["issuers, in draft -11", [...DRAFT_11, "4", "--issuer", "https://x.example"], "untrusted_issuer"],
    ["an endpoint, in draft -11", [...DRAFT_11, "1", "--endpoint", "revocation"], "unsupported_scheme"],
    ["the present time, in draft -11", [...DRAFT_11, "1", "--at", "now"], "created_out_of_window"],
  ])("%s", async (_what, argv, code) => {
    const { status, out } = await explain(argv);
    expect(status).toBe(1);
    expect(out).toContain(`REFUSED ${code}`);
  });

  test("a recording without its keys is undecided, not refused", async () => {
    for (const file of ["jwks.curl", "autonomous.har", "draft-11.har"]) {
      const { status, out } = await explain([file]);
      expect([file, status]).toEqual([file, 2]);
      expect(out).toMatch(/UNDECIDED: nothing is fetched here: give the keys of \S+ with --jwks FILE/);
      expect(out).toMatch(/\? (key|token) .* not made: nothing is fetched here/);
      expect(out).not.toMatch(/REFUSED|discovery_failed|✕/);
    }
    expect(JSON.parse((await explain(["jwks.curl", "--json"])).out).verdict).toBe("undecided");
  });

  test("a refused message takes precedence over an undecided one", async () => {
    const har = JSON.parse(await sample("autonomous.har"));
    har.log.entries[0].request.headers.find(({ name }: { name: string }) => /^signature$/i.test(name)).value =
      "broken";
    const { status, out } = await explain(["-"], JSON.stringify(har));
    expect([status, out.includes("REFUSED"), out.includes("UNDECIDED")]).toEqual([1, true, true]);
  });

  test("assumptions are printed", async () => {
    const { out } = await explain(["autonomous.har", "--entry", "2", ...KEYS]);
    expect(out).toContain("Assumed: issuer http://localhost:8080/realms/aauth-test is trusted");
    expect(out).toContain("Assumed: the resource is http://supply-chain-agent.localhost:3000");
  });

  test("a token of an issuer that cannot be trusted is refused, not an error", async () => {
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
});

describe("invalid input is reported with a code and status 2", () => {
  test.each<[string, string[], string | Uint8Array | undefined]>([
    ["empty_input", ["-"], " \n"],
    ["not_a_request", ["-"], "hello"],
    ["malformed_header", ["-"], "POST / HTTP/1.1\nHost: x\nno header\n\n"],
    ["malformed_curl", ["-"], "curl -H 'a: b"],
    ["malformed_curl", ["-"], "curl http://localhost/ -d @file"],
    ["unknown_curl_option", ["-"], "curl --upload-file x http://localhost/"],
    ["not_a_har", ["-"], "{"],
    [
      "no_signed_entry",
      ["-"],
      '{"log":{"entries":[{"request":{"method":"GET","url":"http://localhost/"}}]}}',
    ],
    ["cannot_read", ["not-there.http"], undefined],
    ["malformed_jwks", ["jwks.curl", "--jwks", "hwk.http"], undefined],
    ["bad_usage", ["hwk.http", "--nonsense"], undefined],
    ["bad_usage", ["hwk.http", "--at", "yesterday"], undefined],
    ["not_a_request", ["-"], "GET / HTTP/1.1\nhost: \u202e.localhost\n\n"],
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

describe("a saved run", () => {
  const VIEWER = '<!doctype html>\n<script type="text/plain" id="aauth-run"></script>';
  const key = testKey("A", "backend-1");

  async function savedRun(change: (evidence: SavedEvidence) => SavedEvidence = (same) => same) {
    const own = await key;
    const signatureKey = { scheme: "jwks", id: "http://backend.localhost:8000" } as const;
    const at = "http://resource.localhost/orders";
    const signed = await signedRequest({
      profile: february2026,
      url: at,
      body: "{}",
      key: own,
      signatureKey,
      now: () => 1_790_000_000,
    });
    const { "content-length": _length, ...headers } = signed.headers as Record<string, string>;
    const evidence: SavedEvidence = {
      method: signed.method,
      url: at,
      endpoint: "resource",
      body: toBase64(signed.body!),
      headers,
      keys: [{ id: signatureKey.id, jwk: { ...toJwks([own]).keys[0] } }],
    };
    const message = {
      from: "a",
      to: "b",
      startMs: 0,
      what: "call \u202e",
      sentence: "",
      outcome: "accepted",
    };
    const recorded = {
      ...message,
      facts: [],
      checks: [{ party: "b", name: "signature", verdict: "passed" }],
    };
    const messages = [{ ...recorded, evidence: change(evidence) }, recorded];
    const refused = { ...recorded, outcome: "refused", status: 401 };
    const attacks = [
      {
        title: "Change a byte",
        what: "One byte.",
        bearer: { status: 201, outcome: "lost", exchanges: [] },
        aauth: {
          ...refused,
          facts: [{ name: "Code", value: "digest_mismatch" }],
          evidence: { ...evidence, body: btoa("[]") },
        },
      },
      {
        title: "Use it late",
        what: "Late.",
        aauth: { ...refused, evidence: { ...evidence, body: "" } },
      },
      {
        title: "Be let in",
        what: "A hole.",
        aauth: { ...recorded, status: 200, evidence: { ...evidence, body: "" } },
      },
      { title: "Replay it", what: "Twice.", aauth: { ...refused, evidence } },
      { title: "Guess \u202e", what: "A code.", aauth: refused },
    ];
    const run: SavedRun = {
      format: "aauth-saved-run",
      version: 2,
      requestId: "r",
      savedAt: 1,
      parties: [],
      messages,
      attacks,
      protocol: { version: "February 2026", mode: "autonomous" },
    };
    return savedRunPage(VIEWER, run);
  }

  test("is verified by the keys in it, and the rest shown as recorded", async () => {
    const { status, out } = await explain(["-"], await savedRun());
    expect(status).toBe(0);
    expect(out).toContain("Run r, AAuth February 2026, mode autonomous: 1 verified, 1 recorded, 0 refused");
    const { thumbprint } = await key;
    const proven = "http://backend.localhost:8000 → resource.localhost: POST /orders, valid at 2026-09-21";
    expect(out).toContain(`1  ✓ verified  ${proven}`);
    expect(out).toContain(`  ${thumbprint}  http://backend.localhost:8000, kid backend-1\n`);
    expect(out.replace(/^ +2 .*/m, "")).not.toContain("call");
    expect(out).toContain("2  – recorded  a → b");
    const rows = JSON.parse((await explain(["-", "--json"], await savedRun())).out);
    expect(rows.messages).toMatchObject([
      { state: "verified", proven: { keys: [{ thumbprint }] } },
      { number: 2 },
    ]);
    expect(rows.protocol).toEqual({ version: "February 2026", mode: "autonomous" });
    expect(rows.attacks).toMatchObject([
      { state: "refused", isAsRecorded: true },
      { state: "refused", isAsRecorded: false },
      { state: "refused", isAsRecorded: false },
      { state: "verified" },
      { state: "recorded" },
    ]);
  });

  test("shows its attacks, whose refusal here confirms the recorded one", async () => {
    const { status, out } = await explain(["-"], await savedRun());
    expect(status).toBe(0);
    expect(out).toContain("Change a byte: AAuth: 401 refused (refused here, too: digest_mismatch: ");
    expect(out).toContain("; bearer token: 201 lost\n");
    expect(out).toContain(
      "Use it late: AAuth: 401 refused (refused here by another check: digest_mismatch: ",
    );
    expect(out).toContain("Replay it: AAuth: 401 refused (valid by itself)\n");
    expect(out).toContain("Guess \\u202e: AAuth: 401 refused (as recorded)\n");
  });

  test("is refused where a message was changed, whatever was recorded", async () => {
    const page = await savedRun((evidence) => ({ ...evidence, body: btoa("[]") }));
    const { status, out } = await explain(["-"], page);
    expect(status).toBe(1);
    expect(out).toContain("✕ REFUSED   a → b: call \\u202e: digest_mismatch");
  });

  test.each([
    ["another page", async () => "<!doctype html><p>hello", "not_a_saved_run"],
    ["a truncated one", async () => (await savedRun()).slice(0, 200), "saved_run_damaged"],
    ["a damaged one", async () => (await savedRun()).replace("H4sI", "H4sJ"), "saved_run_damaged"],
    ["one too large", async () => `${VIEWER}${" ".repeat(500_001)}`, "saved_run_too_large"],
  ])("%s is not judged, with a code", async (_what, make, code) => {
    const { status, out, problem } = await explain(["-"], await make());
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(problem).toContain(`explain: ${code}: `);
  });
});

describe("a message that cannot be judged is undecided, and not refused", () => {
  test("with another key of the same party", async () => {
    const other = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", kid: "other", x: "AAAA" }] });
    const { status, out } = await explain(["jwks.curl", "--jwks", "other.json"], "", {
      files: { "other.json": other },
    });
    expect(status).toBe(2);
    expect(out).toContain("UNDECIDED: the files have no key");
  });

  test("with a signature that is cut in the record", async () => {
    const cut = (await sample("jwks.curl")).replace(/(signature: sig\d?=:.{16})[^:]*/i, "$1…");
    const { status, out } = await explain(["-", ...KEYS], cut);
    expect(status).toBe(2);
    expect(out).toContain("UNDECIDED: the record is cut");
  });
});
