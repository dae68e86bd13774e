import { describe, expect, test } from "vitest";
import { buildSignatureBase } from "../../src/http-signatures/signature-base.ts";
import { expectRefusal } from "../refusal.ts";

const message = {
  method: "POST",
  authority: "resource.example",
  target: "/a%2Fb;c/d?x=%20&y=?",
  headers: { "content-type": " application/json\t", nonce: ["a ", " b"], empty: "" },
  signatureParams: "();created=1",
};
const baseOf = (...components: string[]) => buildSignatureBase({ ...message, components });

describe("buildSignatureBase", () => {
  test("trims a field, joins its lines, and keeps an empty one", () => {
    expect(baseOf("content-type", "nonce", "empty").split("\n").slice(0, 3)).toEqual([
      '"content-type": application/json',
      '"nonce": a, b',
      '"empty": ',
    ]);
  });

  test("refuses @query where there is no question mark", async () => {
    await expectRefusal("missing_component", () =>
      buildSignatureBase({ ...message, target: "/", components: ["@query"] }),
    );
  });

  test.each(["http://resource.example/", "*", ""])("refuses @path of the target %j", async (target) => {
    await expectRefusal("missing_component", () =>
      buildSignatureBase({ ...message, target, components: ["@path"] }),
    );
  });

  test.each([
    ["a line feed in a field", { headers: { nonce: 'x\n"@method": GET' } }, "nonce"],
    ["a carriage return in a field", { headers: { nonce: "x\ry" } }, "nonce"],
    ["non-ASCII in a field", { headers: { nonce: "é" } }, "nonce"],
    ["a line feed in the target", { target: "/\n" }, "@path"],
    ["a line feed in the method", { method: "GET\n" }, "@method"],
    ["a line feed in the authority", { authority: "a\nb" }, "@authority"],
    ["a line feed in the parameters", { signatureParams: "()\n" }, "@method"],
  ])("refuses %s", async (_name, change, component) => {
    await expectRefusal("missing_component", () =>
      buildSignatureBase({ ...message, ...change, components: [component] }),
    );
  });
});
