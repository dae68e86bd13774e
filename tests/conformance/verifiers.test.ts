import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../support/child.ts";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const COMMAND = pathOf("../../packages/aauth-conformance/src/main.ts");

async function run(role: string, flag: string, program: string, ...more: readonly string[]) {
  const command = `"${process.execPath}" "${pathOf(`targets/${program}.ts`)}"`;
  const child = startChild(process.execPath, [COMMAND, role, flag, command, ...more]);
  const { status } = await child.ended;
  return { status, text: child.text() };
}

const verify = (profile: string, program: string, ...more: readonly string[]) =>
  run("verify", "--exec", program, "--profile", profile, ...more);

test("our agent passes every check", async () => {
  const abilities = ["chaining", "sub-agents", "clarification"].flatMap((ability) => ["--has", ability]);
  const { status, text } = await run("agent", "--command", "own-agent", "--timeout", "25", ...abilities);
  // It trusts its person server, as section 9.4.4 lets it: the signature is a *should*.
  expect(text.match(/^(?:FAIL|warn|\?\?) .*$/gm)).toEqual([
    "warn  AG-9.4.4-05  uses no auth token that is forged",
  ]);
  expect(status, text).toBe(0);
}, 180_000);

describe("a verifier over JSON lines", () => {
  test("passes RFC 9421 with http-message-signatures, but for what it is known to accept", async () => {
    const { status, text } = await verify("rfc9421", "rfc9421-verifier");
    // The one row that fails there; read against RFC 9421, section 2.
    expect(text.match(/^FAIL .*$/gm)).toEqual(["FAIL  HS-2-03  refuses a component that is named twice"]);
    expect(status).toBe(1);
    const expected = pathOf("targets/http-message-signatures.expected.yml");
    expect((await verify("rfc9421", "rfc9421-verifier", "--expected", expected)).status).toBe(0);
  });
});
