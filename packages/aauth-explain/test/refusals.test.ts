/** The observer of refusals behind a real gate: its lines, and the messages that it keeps. */

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { draft11, toJwks } from "aauth";
import { protect } from "aauth/fetch";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keys, PERSON_SERVER, RESOURCE } from "../../aauth/test/draft-11/kit.ts";
import { resourceOf, signed, TO_READ } from "../../aauth/test/gates/kit.ts";
import { explainRecorded, readInput } from "../src/index.ts";
import { createRefusalLog, type RefusalLogOptions } from "../src/refusals/refusal-log.ts";

let lines: string[];
let home: string;
beforeEach(() => {
  lines = [];
  home = mkdtempSync(join(tmpdir(), "refusals-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true });
});

function gateOf(options: RefusalLogOptions = {}, write = (line: string) => void lines.push(line)) {
  const resource = resourceOf({ observer: createRefusalLog({ write, ...options }) });
  return protect(resource, TO_READ, () => new Response("served"));
}

/** A call with a valid token, after a change on the way. */
async function call(gate: ReturnType<typeof gateOf>, target?: string, init: RequestInit = {}) {
  const { method, headers, target: own } = await signed();
  return gate(new Request(`${RESOURCE}${target ?? own}`, { method, headers, ...init }));
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
const keep = (over = {}) => ({ folder: join(home, "kept"), resource: RESOURCE, ...over });
const kept = () => readdirSync(join(home, "kept")).toSorted();

describe("a line of the refusal log", () => {
  test("names request, status, check, section, code and what was found", async () => {
    const gate = gateOf();
    expect((await call(gate, "/other")).status).toBe(401);
    expect((await call(gate)).status).toBe(200);
    expect(lines).toEqual([
      'aauth: refused GET /other: check "signature" (RFC 9421 3.2) failed, invalid_signature: the signature does not verify for GET https://resource.example: another address, message or key was signed',
    ]);
  });

  test("names what was expected, the proven caller, and the status if it is known", () => {
    const error = { code: "x", message: "found a", claim: "aud", expected: "b" };
    const event = {
      type: "request_refused",
      error: { ...error, provenCaller: { agent: "c" } },
      challenge: { status: 401 },
    };
    createRefusalLog({ write: (line) => lines.push(line) })(event as never, {
      method: "GET",
      url: "/a?b",
      headers: {},
    });
    expect(lines[0]).toBe("aauth: refused GET /a with 401: x: found a; at aud; expected b; signed by c");
  });

  test("R7: has no token, signature or query", async () => {
    const { headers } = await signed();
    const { "signature-key": field = "", signature = "" } = headers as Record<string, string>;
    const [, token = ""] = /jwt="(.*)"/.exec(field) ?? [];
    const gate = gateOf();
    await call(gate, `/${token}?code=${token}`);
    await call(gate, "/data", { headers: { ...(headers as object), signature: `${signature}x` } });
    const log = createRefusalLog({ write: (line) => lines.push(line) });
    log({ type: "unexpected_error", error: new Error(`database: ${token}`) });
    expect(lines).toHaveLength(3);
    for (const part of [...token.split("."), signature.slice(5, -1)])
      expect(lines.join()).not.toContain(part);
    expect(lines[0]).toContain("GET /eyJ…: ");
    expect(lines[2]).toContain("unexpected error: Error: database: eyJ…");
  });

  test("R6: stays one line of visible characters, of bounded length", async () => {
    const log = createRefusalLog({ write: (line) => lines.push(line) });
    const bad = "a\r\naauth: refused GET /forged\u2028\u202e\u001b[2J\u0007";
    const error = {
      code: "x",
      check: bad,
      section: bad,
      message: bad.repeat(1000),
      claim: bad,
      expected: bad,
    };
    log({ type: "request_refused", error } as never, { method: bad, url: bad, headers: {} });
    log({ type: "unexpected_error", error: new Error(bad) });
    for (const line of lines) {
      expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]{1,3000}$/u);
      expect(line).toContain("\\u000a");
    }
  });

  test("R8: is left out beyond the bound of a second, and counted", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const gate = gateOf({ linesPerSecond: 2, keep: keep() });
    for (let count = 0; count < 5; count++) await call(gate, "/other");
    expect(lines).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(lines.slice(2)).toEqual(["aauth: 3 more refusals in this second are left out"]);
    await call(gate, "/other");
    expect(lines).toHaveLength(4);
    await soon(() => expect(kept()).toHaveLength(3));
  });

  test("changes no answer if it throws", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const throwing = gateOf({}, () => {
      throw new Error("no disk");
    });
    const [answer, usual] = [await call(throwing, "/other"), await call(gateOf(), "/other")];
    expect(reported).toHaveBeenCalledOnce();
    reported.mockRestore();
    expect(answer.status).toBe(401);
    expect(await answer.text()).toBe(await usual.text());
    expect([...answer.headers.keys()]).toEqual([...usual.headers.keys()]);
    expect((await call(throwing)).status).toBe(200);
  });

  test.each([0, 1.5, Number.NaN])("needs a bound that is a positive integer: %d", (linesPerSecond) => {
    expect(() => createRefusalLog({ linesPerSecond })).toThrow(RangeError);
  });
});

describe("kept messages", () => {
  test("R9: are files for their user alone, which say that they hold tokens", async () => {
    const gate = gateOf({ keep: keep() });
    await call(gate, "/other");
    await soon(() => expect(lines.length + kept().length).toBe(2));
    const file = join(home, "kept", kept()[0]!);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, "kept")).mode & 0o777).toBe(0o700);
    await soon(() => expect(readFileSync(file, "utf8")).toContain("This file holds TOKENS AND SIGNATURES"));
  });

  test("are explained by the reader at the receiver's address, whatever Host was", async () => {
    const { headers } = await signed();
    await gateOf({ keep: keep() })(
      new Request(`${RESOURCE}/data/`, {
        headers: { ...(headers as Record<string, string>), host: "inner:8080" },
      }),
    );
    await soon(() => expect(kept()).toHaveLength(1));
    await soon(() => JSON.parse(readFileSync(join(home, "kept", kept()[0]!), "utf8")));
    const [message] = readInput(readFileSync(join(home, "kept", kept()[0]!)));
    const jwks = JSON.stringify({ [PERSON_SERVER]: toJwks([keys.person]) });
    const explained = await explainRecorded(message!, { profiles: [draft11], at: "created", keys: [jwks] });
    expect(explained.request).toMatchObject({ authority: "resource.example", target: "/data/" });
    expect(explained.remedy).toMatchObject({ edit: { part: "path" } });
  });

  test("R9: are kept in no folder that others can enter, and in no link", () => {
    const options = { keep: keep() };
    createRefusalLog(options);
    chmodSync(join(home, "kept"), 0o750);
    expect(() => createRefusalLog(options)).toThrow("of mode 0700");
    symlinkSync(home, join(home, "link"));
    expect(() => createRefusalLog({ keep: keep({ folder: join(home, "link") }) })).toThrow(TypeError);
    expect(() => createRefusalLog({ keep: keep({ maxBytes: 0 }) })).toThrow(RangeError);
  });

  test("are the last 100, under a cap of bytes, also after a restart", async () => {
    const log = (over = {}) => createRefusalLog({ write: () => {}, linesPerSecond: 200, keep: keep(over) });
    const refusal = { type: "request_refused", error: { code: "x", message: "" } } as never;
    const tell = async (observer: ReturnType<typeof log>, from: number, to: number) => {
      for (let number = from; number < to; number++) {
        observer(refusal, { method: "GET", url: `/${number}`, headers: { long: "x".repeat(1000) } });
        if (number % 10 === 9) await soon(() => expect(text(kept().at(-1)!)).toContain(`/${number}"`));
      }
    };
    const text = (name: string) => readFileSync(join(home, "kept", name), "utf8");
    await tell(log(), 0, 110);
    expect(kept()).toHaveLength(100);
    expect(text(kept()[0]!)).toContain("/10");
    await tell(log({ maxBytes: 20_000 }), 110, 120);
    const bytes = kept().reduce((sum, name) => sum + statSync(join(home, "kept", name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(20_000);
    expect(kept().length).toBeGreaterThan(5);
  });

  test("that cannot be written change no answer, and are reported once", async () => {
    const gate = gateOf({ keep: keep() });
    rmSync(join(home, "kept"), { recursive: true });
    for (let count = 0; count < 3; count++) expect((await call(gate, "/other")).status).toBe(401);
    const told = () => lines.filter((line) => line === "aauth: a refused message could not be kept: ENOENT");
    await soon(() => expect(told()).toHaveLength(1));
    expect(lines).toHaveLength(4);
  });
});
