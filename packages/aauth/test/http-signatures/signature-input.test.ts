import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSignatureInput, parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { parseBareItem, parseStringList } from "../../src/http-signatures/structured-fields.ts";
import { hostileText } from "../hostile-text.ts";
import { expectRefusal, passesOrRefuses } from "../refusal.ts";

const list = '("@method" "@authority" "@path" "signature-key")';
const components = ["@method", "@authority", "@path", "signature-key"];

describe("parseSignatureInput", () => {
  test("parses our own shape", () => {
    expect(parseSignatureInput(`sig1=${list};created=1730217600`)).toEqual({
      label: "sig1",
      components,
      created: 1730217600,
      params: new Map([["created", 1730217600]]),
      raw: `${list};created=1730217600`,
    });
  });

  test("parses every other shape to the same, and keeps the text as received", () => {
    const raw =
      '( "@method"  "@authority" "@path" "signature-key" );  keyid="a;b\\"c";created=1730217600;expires=1730217660;alg="ed25519";tag=x';
    const parsed = parseSignatureInput(`  my-sig=${raw}\t`);
    expect(parsed).toMatchObject({
      label: "my-sig",
      components,
      created: 1730217600,
      expires: 1730217660,
      raw,
    });
    expect(Object.fromEntries(parsed.params)).toEqual({
      keyid: 'a;b"c',
      created: 1730217600,
      expires: 1730217660,
      alg: "ed25519",
      tag: "x",
    });
  });

  test("an empty list is well formed; coverage is judged elsewhere", () => {
    expect(parseSignatureInput("sig1=();created=1").components).toEqual([]);
  });

  test.each([
    ["missing", `sig1=${list}`],
    ["a string", `sig1=${list};created="1730217600"`],
    ["a decimal", `sig1=${list};created=1730217600.0`],
    ["a flag", `sig1=${list};created`],
  ])("created that is %s is not there", (_, value) => {
    expect(parseSignatureInput(value).created).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["no label", list],
    ["a label in upper case", `Sig1=${list};created=1`],
    ["no list", "sig1;created=1"],
    ["an item for a list", 'sig1="@method";created=1'],
    ["a list without end", 'sig1=("@method";created=1'],
    ["items without space", 'sig1=("@method""@path");created=1'],
    ["a name in upper case", 'sig1=("Content-Type");created=1'],
    ["an escaped quote in a name", 'sig1=("a\\"b");created=1'],
    ["its own parameters as component", 'sig1=("@signature-params");created=1'],
    ["a component twice", 'sig1=("@method" "@method");created=1'],
    ["a component with a parameter", 'sig1=("signature-key";bs);created=1'],
    ["a query parameter with another one", 'sig1=("@query-param";name="a";req);created=1'],
    ["a query parameter whose name is a token", 'sig1=("@query-param";name=a);created=1'],
    ["a query parameter twice", 'sig1=("@query-param";name="a" "@query-param";name="a");created=1'],
    ["a second list", `sig1=${list} ${list};created=1`],
    ["a space before the semicolon", `sig1=${list} ;created=1`],
    ["an empty parameter", `sig1=${list};created=1;`],
    ["a parameter that is a list", `sig1=${list};created=1;a=("b")`],
    ["an expires that is no integer", `sig1=${list};created=1;expires="2"`],
    ["a line feed", `sig1=${list};created=1\n`],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_signature_input", () => parseSignatureInput(value));
  });

  test.each([
    ["P6: a second member", `sig1=${list};created=1, sig2=${list};created=1`],
    [
      "P6: the same label twice, of which a parser may see the last",
      `sig1=${list};created=1, sig1=();created=1`,
    ],
    ["P6: a duplicate parameter, of which a parser may see the last", `sig1=${list};created=1;created=2`],
  ])("refuses %s", async (_, value) => {
    await expectRefusal("malformed_signature_input", () => parseSignatureInput(value));
  });

  test("refuses an oversize header before it parses it", async () => {
    await expectRefusal("header_too_large", () =>
      parseSignatureInput(`sig1=(${'"a" '.repeat(5000)});created=1`),
    );
  });

  test("throws only AAuthErrors, for any input", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, (value) => passesOrRefuses(() => parseSignatureInput(value))),
      { numRuns: 400 },
    );
  });

  test("the fast path and the general parser agree", () => {
    const name = fc.oneof(
      fc.constantFrom("@method", "@path", "@query"),
      fc.stringMatching(/^[a-z0-9-]{1,12}$/),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.nat(), (names, created) => {
        const { value, raw } = formatSignatureInput("sig1", names, created);
        const fast = parseSignatureInput(value);
        const general = parseSignatureInput(`${value};x`);
        expect(fast).toMatchObject({ label: "sig1", components: names, created, raw });
        expect(general).toMatchObject({ label: "sig1", components: names, created, raw: `${raw};x` });
      }),
    );
  });
});

test.each(['("a"), ("b")', '("a");x=(1)', "(a)", '("a";x=1)'])(
  "%s is not a list of strings",
  async (text) => {
    await expectRefusal("malformed_challenge", () => parseStringList(text, "malformed_challenge"));
  },
);

test.each(['"a";x', "1;x=2", " 1", "1 "])("%j is not a bare item", async (text) => {
  await expectRefusal("malformed_challenge", () => parseBareItem(text, "malformed_challenge"));
});
