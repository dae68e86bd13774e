import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../support/child.ts";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const COMMAND = pathOf("../../packages/aauth-conformance/src/main.ts");

async function verify(profile: string, program: string, ...more: readonly string[]) {
  const exec = `"${process.execPath}" "${pathOf(`targets/${program}.ts`)}"`;
  const args = [COMMAND, "verify", "--profile", profile, "--exec", exec, ...more];
  const child = startChild(process.execPath, args);
  const { status } = await child.ended;
  return { status, text: child.text() };
}

describe("a verifier over JSON lines", () => {
  test("passes every check of draft -11 with our library", async () => {
    const { status, text } = await verify("draft-11", "own-verifier");
    expect(text).not.toMatch(/^(?:FAIL|warn|\?\?) /m);
    expect(status, text).toBe(0);
  });

  test("passes RFC 9421 with http-message-signatures, but for what it is known to accept", async () => {
    const { status, text } = await verify("rfc9421", "rfc9421-verifier");
    // The one row that fails there; read against RFC 9421, section 2.
    expect(text.match(/^FAIL .*$/gm)).toEqual(["FAIL  HS-2-03  refuses a component that is named twice"]);
    expect(status).toBe(1);
    const expected = pathOf("targets/http-message-signatures.expected.yml");
    expect((await verify("rfc9421", "rfc9421-verifier", "--expected", expected)).status).toBe(0);
  });
});
