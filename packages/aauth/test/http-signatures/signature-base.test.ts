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
  test("derives the other components of a request, as RFC 9421 section 2.2 does", () => {
    const target = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&x";
    const components = ["@scheme", "@target-uri", "@request-target"];
    const parameters = ["var", "bar", "x"].map((name) => `@query-param;name="${name}"`);
    const base = buildSignatureBase({ ...message, target, components: [...components, ...parameters] });
    expect(base.split("\n")).toEqual([
      '"@scheme": https',
      `"@target-uri": https://resource.example${target}`,
      `"@request-target": ${target}`,
      '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value',
      '"@query-param";name="bar": with%20plus%20whitespace',
      '"@query-param";name="x": ',
      '"@signature-params": ();created=1',
    ]);
    const plain = buildSignatureBase({ ...message, scheme: "http", components: components.slice(0, 2) });
    expect(plain).toContain('"@scheme": http\n"@target-uri": http://resource.example/');
  });

  test("encodes a query parameter's name and value, as RFC 9421 section 2.2.8 does", () => {
    const target = "/parameters?fa%C3%A7ade%22%3A%20=something%7E(1)";
    const components = ['@query-param;name="fa%C3%A7ade%22%3A%20"'];
    expect(buildSignatureBase({ ...message, target, components })).toContain(
      '"@query-param";name="fa%C3%A7ade%22%3A%20": something%7E%281%29\n',
    );
  });

  test.each([
    ["a query parameter that the target does not have", "/?a=1", '@query-param;name="b"'],
    ["a query parameter that occurs twice", "/?a=1&a=1", '@query-param;name="a"'],
    ["a query parameter without a name", "/?a=1", "@query-param"],
    ["the URI of a target in absolute form", "http://resource.example/", "@target-uri"],
    ["the target of OPTIONS *", "*", "@request-target"],
  ])("refuses %s", async (_name, target, component) => {
    await expectRefusal("missing_component", () =>
      buildSignatureBase({ ...message, target, components: [component] }),
    );
  });

  test("trims a field, joins its lines, and keeps an empty one", () => {
    expect(baseOf("content-type", "nonce", "empty").split("\n").slice(0, 3)).toEqual([
      '"content-type": application/json',
      '"nonce": a, b',
      '"empty": ',
    ]);
  });

  test("refuses @query without a question mark", async () => {
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
